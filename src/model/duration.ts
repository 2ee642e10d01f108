/** Durations as clients write them: Go texts, seconds, nanoseconds. */

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

// Numbers from here on are nanoseconds: as seconds they would be more than 31 years.
const nanosecondsFrom = 1e9;

/**
 * Reads `"1h30m"`, `"300"` (seconds), a number of seconds, or a number of nanoseconds (from 1e9 on).
 *
 * @returns Whole milliseconds; undefined when the value is no duration or not positive.
 */
export function parseDurationMs(value: unknown): number | undefined {
  if (typeof value === "number") return fromNumber(value);
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  if (text === "" || text.length > 40) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return fromNumber(Number(text));
  let totalMs = 0;
  let end = 0;
  for (const part of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)/g)) {
    if (part.index !== end) return undefined;
    totalMs += Number(part[1]) * (unitMs[part[2] ?? ""] ?? Number.NaN);
    end = part.index + part[0].length;
  }
  return end === text.length ? positiveMs(totalMs) : undefined;
}

/** Writes milliseconds as the shortest Go text, such as `5m` or `1h30m`; `0s` for zero. */
export function formatDuration(durationMs: number): string {
  let rest = Math.round(durationMs);
  let text = "";
  for (const [unit, size] of [
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1000],
    ["ms", 1],
  ] as const) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) text += `${count}${unit}`;
  }
  return text === "" ? "0s" : text;
}

function fromNumber(value: number): number | undefined {
  if (!Number.isFinite(value)) return undefined;
  return positiveMs(value >= nanosecondsFrom ? value / 1e6 : value * 1000);
}

function positiveMs(ms: number): number | undefined {
  const whole = Math.round(ms);
  return Number.isSafeInteger(whole) && whole > 0 ? whole : undefined;
}
