/** Times as the server reads them. */
import { parseGoFloat } from "./promql/index.js";

// The first and the last moment that Go's time in nanoseconds holds, in the words of the API.
const EXTREME_MS = 9_223_372_036_854_774;
const EXTREMES: Readonly<Record<string, number>> = {
  "-292273086-05-16T16:47:06Z": -EXTREME_MS,
  "292277025-08-18T07:12:54.999999999Z": EXTREME_MS,
};
const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[T](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** Milliseconds since the epoch of seconds, or of a date of RFC 3339. @returns Undefined for anything else. */
export function parseTime(text: string): number | undefined {
  const seconds = parseGoFloat(text);
  if (seconds !== undefined) return Number.isFinite(seconds) ? Math.round(seconds * 1000) : undefined;
  if (EXTREMES[text] !== undefined) return EXTREMES[text];
  const found = RFC3339.exec(text);
  if (found === null) return undefined;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isDate = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!isDate || hour > 23 || minute > 59 || second > 59) return undefined;
  const fractionMs = Math.floor(Number(`0.${found[7] ?? "0"}`) * 1000);
  const offsetMinutes = (Number(found[9] ?? 0) * 60 + Number(found[10] ?? 0)) * (found[8] === "-" ? -1 : 1);
  return date.getTime() + ((hour * 60 + minute - offsetMinutes) * 60 + second) * 1000 + fractionMs;
}
