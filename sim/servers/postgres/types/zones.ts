/** Time zones by name, from the host's own zone tables. */
import { DatabaseError } from "../database-error.js";

const minute = 60_000_000;

/** Minutes east of Greenwich of the abbreviations in daily use. */
const abbreviations: Readonly<Record<string, number>> = {
  utc: 0,
  gmt: 0,
  z: 0,
  zulu: 0,
  ut: 0,
  wet: 0,
  west: 60,
  bst: 60,
  cet: 60,
  cest: 120,
  met: 60,
  eet: 120,
  eest: 180,
  msk: 180,
  ist: 120,
  jst: 540,
  kst: 540,
  est: -300,
  edt: -240,
  cst: -360,
  cdt: -300,
  mst: -420,
  mdt: -360,
  pst: -480,
  pdt: -420,
  akst: -540,
  akdt: -480,
  hst: -600,
  aest: 600,
  aedt: 660,
  acst: 570,
  awst: 480,
  nzst: 720,
  nzdt: 780,
};

const formats = new Map<string, Intl.DateTimeFormat | null>();

function formatOf(name: string): Intl.DateTimeFormat | null {
  const known = formats.get(name);
  if (known !== undefined) return known;
  let format: Intl.DateTimeFormat | null = null;
  try {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      hourCycle: "h23",
      era: "short",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch {
    // No such zone.
  }
  formats.set(name, format);
  return format;
}

function namedOffset(format: Intl.DateTimeFormat, micros: number): number {
  const seconds = Math.floor(micros / 1_000_000);
  const parts = new Map(format.formatToParts(seconds * 1000).map(({ type, value }) => [type, value]));
  const part = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type));
  const year = parts.get("era") === "BC" ? 1 - part("year") : part("year");
  const date = new Date(0);
  date.setUTCFullYear(year, part("month") - 1, part("day"));
  date.setUTCHours(part("hour"), part("minute"), part("second"));
  return (date.getTime() / 1000 - seconds) * 1_000_000;
}

/** Microseconds that a zone is ahead of UTC at a moment. */
export type Zone = (utcMicros: number) => number;

const fixedZone =
  (offset: number): Zone =>
  () =>
    offset;

/** @returns Null when there is no zone of that name. */
export function findZone(name: string): Zone | null {
  const lower = name.toLowerCase();
  const known = abbreviations[lower];
  if (known !== undefined) return fixedZone(known * minute);
  // The POSIX form counts west as positive, and its name means nothing.
  const posix = /^[a-z]*([+-]?)(\d{1,2})(?::?(\d{2}))?$/.exec(lower);
  if (posix !== null) {
    const ahead = (Number(posix[2]) * 60 + Number(posix[3] ?? 0)) * minute;
    return fixedZone(posix[1] === "-" ? ahead : -ahead);
  }
  const format = /^[a-z]/.test(lower) ? formatOf(name) : null;
  return format === null ? null : (micros) => namedOffset(format, micros);
}

/** @throws DatabaseError 22023 */
export function zoneNamed(name: string): Zone {
  const zone = findZone(name);
  if (zone === null) throw new DatabaseError("22023", `time zone "${name}" not recognized`);
  return zone;
}

/** The moment of a local time: in a gap by the offset before it, at a repeated hour by the one after. */
export function toUtc(local: number, zone: Zone): number {
  if (!Number.isFinite(local)) return local;
  const day = 1440 * minute;
  const [before, after] = [zone(local - day), zone(local + day)];
  if (before === after) return local - before;
  const [early, late] = [local - before, local - after];
  const [earlyFits, lateFits] = [zone(early) === before, zone(late) === after];
  return lateFits ? late : earlyFits || before < after ? early : late;
}

export function toLocal(utc: number, zone: Zone): number {
  return Number.isFinite(utc) ? utc + zone(utc) : utc;
}
