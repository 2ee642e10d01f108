/** Durations as Prometheus writes them: `1h30m`, `15s`, `1y2w3d4h5m6s7ms`. */

const UNITS = [
  ["y", 365 * 86_400_000],
  ["w", 7 * 86_400_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
] as const;

const PATTERN = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** The longest duration that fits the server's 64-bit nanoseconds. */
export const DURATION_MS_MAX = 9_223_372_036_854;

/** @returns Milliseconds, or undefined when the text is no duration or too long for the server. */
export function parseDuration(text: string): number | undefined {
  if (text === "0") return 0;
  const parts = text === "" ? null : PATTERN.exec(text);
  if (parts === null) return undefined;
  let total = 0;
  UNITS.forEach(([, unitMs], index) => {
    total += Number(parts[index + 1] ?? 0) * unitMs;
  });
  return total > DURATION_MS_MAX ? undefined : total;
}

/** Shortest text of a duration: `5m`, `1h30m`, `90d`; weeks and years only when they divide it. */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return "0s";
  let rest = Math.abs(durationMs);
  let text = durationMs < 0 ? "-" : "";
  for (const [unit, unitMs] of UNITS) {
    const exactOnly = unit === "y" || unit === "w";
    if (exactOnly && rest % unitMs !== 0) continue;
    const count = Math.floor(rest / unitMs);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * unitMs;
  }
  return text;
}
