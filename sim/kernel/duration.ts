/** Durations as users write them: a number of milliseconds, or text such as `1m30s`. */
import { SimError } from "../errors.js";

/** Milliseconds, or a text of whole or decimal numbers with units: `250ms`, `30s`, `1m30s`, `1.5h`, `2d`. */
export type Duration = number | string;

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const part = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g;
const whole = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;

/**
 * @returns Milliseconds.
 * @throws SimError `SIM_OPTION_INVALID` for negative numbers and texts of another form.
 */
export function parseDuration(duration: Duration, what = "a duration"): number {
  if (typeof duration === "number" && Number.isFinite(duration) && duration >= 0) return duration;
  if (typeof duration === "string" && whole.test(duration)) {
    let ms = 0;
    for (const [, amount, unit] of duration.matchAll(part)) ms += Number(amount) * (unitsMs[unit ?? ""] ?? 0);
    return ms;
  }
  throw new SimError(
    "SIM_OPTION_INVALID",
    `Cannot read ${JSON.stringify(duration)} as ${what}.`,
    'Give a text with its units, such as "250ms", "30s" or "1m30s"; in code, also milliseconds of 0 or more.',
  );
}

/** @returns Text such as `9m 12.5s`, for people. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Number(ms.toFixed(ms < 10 ? 2 : 0))}ms`;
  const totalSeconds = ms / 1000;
  const hours = Math.floor(totalSeconds / 3600);
  const minutes = Math.floor((totalSeconds % 3600) / 60);
  const seconds = Number((totalSeconds % 60).toFixed(1));
  const parts = [
    hours > 0 ? `${hours}h` : "",
    minutes > 0 ? `${minutes}m` : "",
    seconds > 0 ? `${seconds}s` : "",
  ];
  return parts.filter((text) => text !== "").join(" ");
}
