/** `to_char`, `to_timestamp` and `to_number`: values by templates. */
import { DatabaseError } from "../../database-error.js";
import {
  multiplyNumeric,
  negateNumeric,
  numericOf,
  parseNumeric,
  printNumeric,
  roundNumeric,
  type Numeric,
} from "../../types/numeric.js";
import { dayMicros, dayOf, second, type Interval } from "../../types/temporal.js";
import { findZone, toUtc } from "../../types/zones.js";
import { unsupported } from "../execution-context.js";
import { define } from "../resolution.js";

const monthNames = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const dayNames = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const romans = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];

/** Words of a template, longest first where one begins with another. */
const words = [
  "A.D.",
  "A.M.",
  "AD",
  "AM",
  "B.C.",
  "BC",
  "CC",
  "DAY",
  "DDD",
  "DD",
  "DY",
  "Day",
  "Dy",
  "D",
  "FF1",
  "FF2",
  "FF3",
  "FF4",
  "FF5",
  "FF6",
  "FX",
  "HH24",
  "HH12",
  "HH",
  "IDDD",
  "ID",
  "IW",
  "IYYY",
  "IYY",
  "IY",
  "I",
  "J",
  "MI",
  "MM",
  "MONTH",
  "MON",
  "MS",
  "Month",
  "Mon",
  "OF",
  "P.M.",
  "PM",
  "Q",
  "RM",
  "SSSSS",
  "SSSS",
  "SS",
  "TZH",
  "TZM",
  "TZ",
  "US",
  "WW",
  "W",
  "Y,YYY",
  "YYYY",
  "YYY",
  "YY",
  "Y",
  "a.d.",
  "a.m.",
  "ad",
  "am",
  "b.c.",
  "bc",
  "month",
  "mon",
  "day",
  "dy",
  "p.m.",
  "pm",
  "rm",
  "tz",
];
const caseless = new Map(words.map((word) => [word.toLowerCase(), word]));
const wordPattern = [...new Set(words)].map((word) => word.replace(/\./g, "\\.")).join("|");
const nodePattern = new RegExp(
  `(FM|fm|TM|tm)?(${wordPattern}|${[...caseless.keys()]
    .filter((word) => /^[a-z,0-9]+$/.test(word))
    .sort((a, b) => b.length - a.length)
    .join("|")})(TH|th|SP)?|"((?:[^"\\\\]|\\\\.)*)"|\\\\(.)|([^])`,
  "gu",
);

interface TemplateNode {
  readonly word: string | null;
  readonly fill: boolean;
  readonly ordinal: string | undefined;
  /** As it is, where there is no word. */
  readonly text: string;
}

const templates = new Map<string, readonly TemplateNode[]>();

function nodesOf(template: string): readonly TemplateNode[] {
  const known = templates.get(template);
  if (known !== undefined) return known;
  const nodes = [...template.matchAll(nodePattern)].map(
    ([, prefix, word, suffix, quoted, slashed, plain]): TemplateNode => {
      const name = word === undefined ? null : words.includes(word) ? word : (caseless.get(word) ?? word);
      return {
        word: name,
        fill: prefix?.toUpperCase() !== "FM",
        ordinal: suffix,
        text: quoted?.replace(/\\(.)/g, "$1") ?? slashed ?? plain ?? "",
      };
    },
  );
  if (templates.size > 500) templates.clear();
  templates.set(template, nodes);
  return nodes;
}

function ordinalOf(digits: string, form: string): string {
  const last = digits.slice(-1);
  const ending = /1\d$/.test(digits) ? "th" : ({ "1": "st", "2": "nd", "3": "rd" }[last] ?? "th");
  return form === "TH" ? ending.toUpperCase() : ending;
}

/** What a template is filled from: a moment, or a span that has no calendar. */
interface Source {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly time: number;
  readonly hours: number;
  /** Days since 1970; null for spans. */
  readonly days: number | null;
  readonly zone: string;
}

function isoOf(days: number): { readonly year: number; readonly week: number; readonly day: number } {
  const weekday = (((days + 3) % 7) + 7) % 7;
  const year = new Date((days - weekday + 3) * 86_400_000).getUTCFullYear();
  const first = dayOf(year, 1, 4);
  const monday = first - ((((first + 3) % 7) + 7) % 7);
  return { year, week: Math.floor((days - monday) / 7) + 1, day: days - monday + 1 };
}

/** Years before our era count from one, too. */
function isoYearOf(days: number): number {
  const { year } = isoOf(days);
  return year > 0 ? year : 1 - year;
}

const shaped = (name: string, word: string): string =>
  /^[A-Z]+$/.test(word.slice(0, 2)) ? name.toUpperCase() : /^[A-Z]/.test(word) ? name : name.toLowerCase();

const signed = (value: number): readonly [number, number] => [value, value < 0 ? 3 : 2];

/** @returns The text, and the width that it is filled to: zeros for numbers, blanks for names. */
// oxlint-disable-next-line complexity -- a case for each pattern of the manual
function fieldText(word: string, from: Source): readonly [text: string | number, width: number] {
  const { year, month, day, time, hours, days, zone } = from;
  const shownYear = days === null || year > 0 ? year : 1 - year;
  const calendar = (): number => {
    if (days !== null) return days;
    throw new DatabaseError("22007", "invalid format specification for an interval value", {
      hint: "Intervals are not tied to specific calendar dates.",
    });
  };
  const weekday = (): number => (((calendar() + 4) % 7) + 7) % 7;
  const micros = Math.abs(time) % second;
  const isAfternoon = ((hours % 24) + 24) % 24 >= 12;
  const lower = word.toLowerCase();
  switch (lower) {
    case "hh24":
      return [hours, hours < 0 ? 3 : 2];
    case "hh12":
    case "hh":
      return [hours % 12 === 0 ? 12 : hours % 12, hours < 0 ? 3 : 2];
    case "mi":
      return signed(Math.trunc(time / (60 * second)) % 60);
    case "ss":
      return signed(Math.trunc(time / second) % 60);
    case "ms":
      return [Math.floor(micros / 1000), 3];
    case "us":
      return [micros, 6];
    case "ff1":
    case "ff2":
    case "ff3":
    case "ff4":
    case "ff5":
    case "ff6": {
      const size = Number(lower[2]);
      return [Math.floor(micros / 10 ** (6 - size)), size];
    }
    case "ssss":
    case "sssss":
      return [Math.trunc(time / second), 0];
    case "am":
    case "pm":
      return [shapedHalf(isAfternoon ? "pm" : "am", word), 0];
    case "a.m.":
    case "p.m.":
      return [shapedHalf(isAfternoon ? "p.m." : "a.m.", word), 0];
    case "ad":
    case "bc":
      calendar();
      return [shapedHalf(year > 0 ? "ad" : "bc", word), 0];
    case "a.d.":
    case "b.c.":
      calendar();
      return [shapedHalf(year > 0 ? "a.d." : "b.c.", word), 0];
    case "y,yyy":
      return [`${Math.floor(shownYear / 1000)},${String(shownYear % 1000).padStart(3, "0")}`, 0];
    case "yyyy":
      return [shownYear, shownYear < 0 ? 5 : 4];
    case "yyy":
      return [shownYear % 1000, 3];
    case "yy":
      return [shownYear % 100, 2];
    case "y":
      return [shownYear % 10, 1];
    case "iyyy":
      return [isoYearOf(calendar()), 4];
    case "iyy":
      return [isoYearOf(calendar()) % 1000, 3];
    case "iy":
      return [isoYearOf(calendar()) % 100, 2];
    case "i":
      return [isoYearOf(calendar()) % 10, 1];
    case "month":
      calendar();
      return [shaped(monthNames[month - 1] ?? "", word), -9];
    case "mon":
      calendar();
      return [shaped(monthNames[month - 1]?.slice(0, 3) ?? "", word), 0];
    case "mm":
      return signed(month);
    case "day":
      return [shaped(dayNames[weekday()] ?? "", word), -9];
    case "dy":
      return [shaped(dayNames[weekday()]?.slice(0, 3) ?? "", word), 0];
    case "ddd":
      return days === null ? [year * 360 + month * 30 + day, 3] : [days - dayOf(year, 1, 1) + 1, 3];
    case "iddd":
      return [isoOf(calendar()).day, 3];
    case "dd":
      return [day, 2];
    case "d":
      return [weekday() + 1, 0];
    case "id":
      return [weekday() === 0 ? 7 : weekday(), 0];
    case "w":
      return [Math.floor((day - 1) / 7) + 1, 0];
    case "ww":
      return [Math.floor((calendar() - dayOf(year, 1, 1)) / 7) + 1, 2];
    case "iw":
      return [isoOf(calendar()).week, 2];
    case "cc":
      return [
        days === null
          ? Math.trunc(year / 100)
          : year > 0
            ? Math.floor((year - 1) / 100) + 1
            : Math.trunc(year / 100) - 1,
        2,
      ];
    case "j":
      return [days === null ? 0 : days + 2_440_588, 0];
    case "q":
      return [Math.floor((month - 1) / 3) + 1, 0];
    case "rm": {
      const roman = romans[month - 1] ?? "";
      return [word === "rm" ? roman.toLowerCase() : roman, -4];
    }
    case "tz":
      if (days === null) calendar();
      return [word === "tz" ? zone.toLowerCase() : zone, 0];
    case "tzh":
      return ["+00", 0];
    case "tzm":
      return ["00", 0];
    case "of":
      if (days === null) calendar();
      return ["+00", 0];
    default:
      throw unsupported(`to_char with ${word}`);
  }
}

const shapedHalf = (text: string, word: string): string => (/^[A-Z]/.test(word) ? text.toUpperCase() : text);

function fillTemplate(template: string, from: Source): string {
  let result = "";
  for (const { word, fill, ordinal, text } of nodesOf(template)) {
    if (word === null) result += text;
    else if (word !== "FX") {
      const [value, width] = fieldText(word, from);
      let shown = String(value);
      if (typeof value === "number") {
        const digits = String(Math.abs(value));
        const size = Math.max(0, width - (value < 0 ? 1 : 0));
        shown = (value < 0 ? "-" : "") + (fill ? digits.padStart(size, "0") : digits);
      } else if (fill && width < 0) shown = shown.padEnd(-width);
      result +=
        shown +
        (ordinal === undefined || ordinal === "SP" || typeof value !== "number"
          ? ""
          : ordinalOf(shown, ordinal));
    }
  }
  return result;
}

/** @param zone - As `TZ` shows it. */
export function formatTimestamp(micros: number, template: string, zone: string): string | null {
  if (!Number.isFinite(micros) || template === "") return null;
  const days = Math.floor(micros / dayMicros);
  const date = new Date(days * 86_400_000);
  const time = micros - days * dayMicros;
  return fillTemplate(template, {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    time,
    hours: Math.floor(time / (3600 * second)),
    days,
    zone,
  });
}

export function formatInterval({ months, days, microseconds }: Interval, template: string): string | null {
  if (template === "") return null;
  const hours = Math.trunc(microseconds / (3600 * second));
  return fillTemplate(template, {
    year: Math.trunc(months / 12),
    month: months % 12,
    day: days,
    time: microseconds,
    hours,
    days: null,
    zone: "",
  });
}

// Reading.

const digitCounts: Readonly<Record<string, number>> = {
  yyyy: 4,
  yyy: 3,
  yy: 2,
  y: 1,
  iyyy: 4,
  iyy: 3,
  iy: 2,
  i: 1,
  mm: 2,
  dd: 2,
  ddd: 3,
  iddd: 3,
  d: 1,
  id: 1,
  hh24: 2,
  hh12: 2,
  hh: 2,
  mi: 2,
  ss: 2,
  ms: 3,
  us: 6,
  ff1: 1,
  ff2: 2,
  ff3: 3,
  ff4: 4,
  ff5: 5,
  ff6: 6,
  ssss: 5,
  sssss: 5,
  ww: 2,
  iw: 2,
  w: 1,
  cc: 2,
  j: 7,
  q: 1,
};

/** Reads a text by a template. @throws DatabaseError 22007, 22008 */
// oxlint-disable-next-line complexity -- a case for each pattern of the manual
export function readTimestamp(text: string, template: string): number {
  const read = new Map<string, number>();
  const nodes = nodesOf(template);
  let at = 0;
  let half: string | null = null;
  let isBefore = false;
  let offset = 0;
  let zoneName: string | null = null;
  const isExact = nodes.some(({ word }) => word === "FX");
  const skip = (): void => {
    if (!isExact) while (/\s/.test(text[at] ?? "")) at += 1;
  };
  for (const [index, { word, text: plain, fill }] of nodes.entries()) {
    if (word === "FX") continue;
    if (word === null) {
      if (/\s/.test(plain) || /[^\p{L}\p{N}]/u.test(plain)) {
        if (isExact || /[^\p{L}\p{N}\s]/u.test(text[at] ?? "a") || /\s/.test(text[at] ?? "a")) at += 1;
        skip();
      } else at += plain.length;
      continue;
    }
    const lower = word.toLowerCase();
    skip();
    if (at >= text.length) break;
    const rest = text.slice(at);
    const bad = (detail: string, shown = rest): DatabaseError =>
      new DatabaseError("22007", `invalid value "${shown}" for "${word}"`, { detail });
    const named =
      lower === "month" || lower === "mon" ? monthNames : lower === "day" || lower === "dy" ? dayNames : null;
    if (named !== null) {
      const isFull = lower === "month" || lower === "day";
      const found = named.findIndex((name) =>
        rest.toLowerCase().startsWith((isFull ? name : name.slice(0, 3)).toLowerCase()),
      );
      if (found < 0)
        throw bad(
          "The given value did not match any of the allowed values for this field.",
          rest.split(/\s/)[0],
        );
      if (named === monthNames) read.set("mm", found + 1);
      at += isFull ? (named[found]?.length ?? 0) : 3;
    } else if (/^([ap]\.?m\.?)$/.test(lower)) {
      const match = /^([ap])\.?m\.?/i.exec(rest);
      if (match === null)
        throw bad(
          "The given value did not match any of the allowed values for this field.",
          rest.slice(0, 2),
        );
      half = (match[1] ?? "").toLowerCase();
      at += match[0].length;
    } else if (/^(bc|ad|b\.c\.|a\.d\.)$/.test(lower)) {
      isBefore = /^b/i.test(rest);
      at += word.length;
    } else if (lower === "tzh" || lower === "of") {
      const match = /^([+-]?)(\d{1,2})(?::?(\d{2}))?/.exec(rest);
      if (match === null) throw bad("Value must be an integer.");
      offset +=
        (match[1] === "-" ? -1 : 1) * (Number(match[2]) * 60 + (lower === "of" ? Number(match[3] ?? 0) : 0));
      at += lower === "of" ? match[0].length : (match[1] ?? "").length + (match[2] ?? "").length;
    } else if (lower === "tzm") {
      const match = /^\d{1,2}/.exec(rest);
      offset += Math.sign(offset || 1) * Number(match?.[0] ?? 0);
      at += match?.[0].length ?? 0;
    } else if (lower === "tz") {
      zoneName = /^[A-Za-z_/]+/.exec(rest)?.[0] ?? "";
      at += zoneName.length;
    } else if (lower === "rm") {
      const found =
        romans
          .toSorted((a, b) => b.length - a.length)
          .find((roman) => rest.toUpperCase().startsWith(roman)) ?? "";
      read.set("mm", romans.indexOf(found) + 1);
      at += found.length;
    } else if (lower === "y,yyy") {
      const match = /^(\d+),(\d{3})/.exec(rest);
      if (match === null) throw new DatabaseError("22007", `invalid input string for "Y,YYY"`);
      read.set("yyyy", Number(match[1]) * 1000 + Number(match[2]));
      at += match[0].length;
    } else {
      const size = digitCounts[lower];
      if (size === undefined) throw unsupported(`reading ${word} by a template`);
      // A number ends where the next field begins, unless something else stands between.
      const next = nodes[index + 1];
      const isTight = fill && next?.word != null && digitCounts[next.word.toLowerCase()] !== undefined;
      const match = new RegExp(`^[+-]?\\d{1,${isTight ? size : 12}}`).exec(rest);
      if (match === null) throw bad("Value must be an integer.", rest.slice(0, size));
      const digits = match[0];
      const value = Number(digits);
      at += digits.length;
      if (lower === "ms" || lower === "us" || lower.startsWith("ff"))
        read.set("us", Math.round(Number(`0.${digits}`) * second));
      else if (/^i?y{1,3}$/.test(lower) && digits.length < 4)
        read.set(lower.startsWith("i") ? "iyyy" : "yyyy", closeYear(value, lower.length));
      else read.set(lower, value);
    }
  }
  return assemble(text, read, half, isBefore, offset, zoneName);
}

function closeYear(value: number, digits: number): number {
  if (digits === 1) return value + 2000;
  if (digits === 2) return value < 70 ? value + 2000 : value < 100 ? value + 1900 : value;
  return value < 100 ? closeYear(value, 2) : value < 520 ? value + 2000 : value + 1000;
}

// oxlint-disable-next-line complexity -- a case for each pattern of the manual
function assemble(
  text: string,
  read: ReadonlyMap<string, number>,
  half: string | null,
  isBefore: boolean,
  offset: number,
  zoneName: string | null,
): number {
  const range = (): DatabaseError =>
    new DatabaseError("22008", `date/time field value out of range: "${text}"`);
  const get = (...names: string[]): number | undefined =>
    names.map((name) => read.get(name)).find((value) => value !== undefined);
  let hours = get("hh24") ?? 0;
  const twelve = get("hh12", "hh");
  if (twelve !== undefined) {
    if (twelve < 1 || twelve > 12)
      throw new DatabaseError("22007", `hour "${twelve}" is invalid for the 12-hour clock`, {
        hint: "Use the 24-hour clock, or give an hour between 1 and 12.",
      });
    hours = (twelve % 12) + (half === "p" ? 12 : 0);
  } else if (half === "p" && hours < 12) hours += 12;
  const [minutes, seconds] = [get("mi") ?? 0, get("ss") ?? 0];
  if (hours > 23 || minutes > 59 || seconds > 59 || hours < 0) throw range();
  const daySeconds = get("ssss", "sssss");
  const time = (daySeconds ?? hours * 3600 + minutes * 60 + seconds) * second + (get("us") ?? 0);
  let year = get("yyyy") ?? (get("cc") === undefined ? 1 : ((get("cc") ?? 1) - 1) * 100 + 1);
  if (read.get("yyyy") === undefined && get("cc") === undefined) year = 0;
  if (isBefore) year = 1 - year;
  const [month, day] = [get("mm") ?? 1, get("dd") ?? 1];
  let days = dayOf(year, month, day);
  const isoYear = get("iyyy");
  if (get("j") !== undefined) days = (get("j") ?? 0) - 2_440_588;
  else if (isoYear !== undefined) {
    const first = dayOf(isoYear, 1, 4);
    const monday = first - ((((first + 3) % 7) + 7) % 7);
    days = monday + ((get("iw") ?? 1) - 1) * 7 + (get("id") ?? 1) - 1;
    if (get("iddd") !== undefined) days = monday + (get("iddd") ?? 1) - 1;
  } else if (get("ddd") !== undefined) days = dayOf(year, 1, get("ddd") ?? 1);
  else if (get("ww") !== undefined) days = dayOf(year, 1, 1) + ((get("ww") ?? 1) - 1) * 7;
  else if (get("w") !== undefined) days = dayOf(year, month, 1 + ((get("w") ?? 1) - 1) * 7);
  else if (month < 1 || month > 12 || day < 1 || new Date(days * 86_400_000).getUTCDate() !== day)
    throw range();
  const local = days * dayMicros + time;
  if (zoneName !== null) {
    const zone = findZone(zoneName);
    if (zone === null) throw new DatabaseError("22007", `invalid value "${zoneName}" for "TZ"`);
    return toUtc(local, zone);
  }
  return local - offset * 60 * second;
}

// Numbers.

const numberToken = /FM|S|MI|PL|SG|PR|TH|th|EEEE|RN|rn|V|L|D|G|[09.,]|"((?:[^"\\]|\\.)*)"|[^]/giu;

function romanText(value: number): string {
  if (value < 1 || value > 3999) return "###############";
  const steps: ReadonlyArray<readonly [number, string]> = [
    [1000, "M"],
    [900, "CM"],
    [500, "D"],
    [400, "CD"],
    [100, "C"],
    [90, "XC"],
    [50, "L"],
    [40, "XL"],
    [10, "X"],
    [9, "IX"],
    [5, "V"],
    [4, "IV"],
    [1, "I"],
  ];
  let [left, text] = [value, ""];
  for (const [size, letters] of steps) while (left >= size) [left, text] = [left - size, text + letters];
  return text;
}

/** `to_char(number, template)`. */
// oxlint-disable-next-line complexity -- a case for each pattern of the manual
function formatNumber(value: Numeric, template: string): string {
  const tokens = [...template.matchAll(numberToken)].map(([text]) => text);
  const has = (name: string): boolean => tokens.some((token) => token.toUpperCase() === name);
  const fill = !has("FM");
  if (has("EEEE")) return scientific(value, tokens);
  if (has("RN")) {
    const roman = romanText(value.digits === null ? 0 : Number(roundNumeric(value, 0).digits));
    const shown = tokens.includes("rn") ? roman.toLowerCase() : roman;
    return fill ? shown.padStart(15) : shown;
  }
  const point = tokens.findIndex((token) => token === "." || token.toUpperCase() === "D");
  // What is no number has no fraction.
  if (value.digits === null && point >= 0) tokens.splice(point);
  const upper = tokens.map((token) => token.toUpperCase());
  const pointAt = upper.findIndex((token) => token === "." || token === "D");
  const shiftAt = upper.indexOf("V");
  const isDigit = (token: string): boolean => token === "9" || token === "0";
  const digitsBehind = pointAt < 0 ? 0 : upper.slice(pointAt).filter(isDigit).length;
  const shift = shiftAt < 0 ? 0 : upper.slice(shiftAt).filter(isDigit).length;
  const scaled = shift === 0 ? value : multiplyNumeric(value, { digits: 10n ** BigInt(shift), scale: 0 });
  const rounded = roundNumeric(scaled, digitsBehind);
  const isNegative = rounded.digits === null ? value.scale < 0 : rounded.digits < 0n;
  const [wholeDigits = "", fractionDigits = ""] = printNumeric(
    isNegative ? negateNumeric(rounded) : rounded,
  ).split(".");
  const places = upper.filter((token, index) => isDigit(token) && (pointAt < 0 || index < pointAt)).length;
  const own = wholeDigits === "0" && digitsBehind > 0 && pointAt >= 0 ? "" : wholeDigits;
  const overflow = wholeDigits.length > places && !(own === "" && places === 0);
  const firstZero = upper.findIndex((token, index) => token === "0" && (pointAt < 0 || index < pointAt));
  const isWhole = (index: number): boolean => pointAt < 0 || index < pointAt;
  const signToken = upper.find((token) => ["S", "MI", "PL", "SG", "PR"].includes(token));
  const lastZero = upper.findLastIndex((token, index) => token === "0" && !isWhole(index));
  let [digitIndex, fractionIndex, started] = [0, 0, false];
  let significant = fractionDigits.replace(/0+$/, "").length;
  if (lastZero >= 0)
    significant = Math.max(significant, upper.slice(pointAt, lastZero + 1).filter(isDigit).length);
  const cells: string[] = [];
  const lead = places - own.length;
  const firstDigitToken = upper.findIndex(isDigit);
  let signPlaced = false;
  const sign = (): string => (signToken === undefined ? (isNegative ? "-" : fill ? " " : "") : "");
  const bracket = (): string => (isNegative ? "<" : fill ? " " : "");
  const leadingSign = (): string => {
    if (signPlaced) return "";
    signPlaced = true;
    if (signToken === undefined) return sign();
    if (signToken === "PR") return bracket();
    return signToken === "S" && upper.indexOf("S") < firstDigitToken ? (isNegative ? "-" : "+") : "";
  };
  const blank = (): string => (fill ? " " : "");
  for (const [index, token] of upper.entries()) {
    if (isDigit(token) && isWhole(index)) {
      const isZeroFilled = firstZero >= 0 && firstZero <= index;
      const digit = overflow
        ? "#"
        : digitIndex >= lead
          ? own[digitIndex - lead]
          : isZeroFilled
            ? "0"
            : undefined;
      if (digit === undefined) cells.push(blank());
      else {
        if (!started) cells.push(leadingSign());
        started = true;
        cells.push(digit);
      }
      digitIndex += 1;
      if (digitIndex === places && !started && pointAt >= 0) {
        cells.push(leadingSign());
        started = true;
      } else if (digitIndex === places && !started && own === "") started = true;
    } else if (isDigit(token)) {
      if (!started) cells.push(leadingSign());
      started = true;
      const digit = overflow ? "#" : (fractionDigits[fractionIndex] ?? "0");
      cells.push(fill || fractionIndex < significant ? digit : "");
      fractionIndex += 1;
    } else if (token === "." || token === "D") {
      if (!started) cells.push(leadingSign());
      started = true;
      cells.push(".");
    } else if (token === "," || token === "G") cells.push(started ? (overflow ? "," : ",") : blank());
    else if (token === "L") cells.push(fill ? " " : "");
    else if (token === "MI") cells.push(isNegative ? "-" : blank());
    else if (token === "PL") cells.push(isNegative ? blank() : "+");
    else if (token === "SG") cells.push(isNegative ? "-" : "+");
    else if (token === "S") cells.push(index > firstDigitToken ? (isNegative ? "-" : "+") : "");
    else if (token === "PR") cells.push(isNegative ? ">" : fill ? " " : "");
    else if (token === "TH")
      cells.push(isNegative || pointAt >= 0 ? "" : ordinalOf(wholeDigits, tokens[index] ?? "th"));
    else if (token === "FM" || token === "V") continue;
    else cells.push(token.startsWith('"') ? (tokens[index] ?? "").slice(1, -1) : (tokens[index] ?? ""));
  }
  return cells.join("");
}

function scientific(value: Numeric, tokens: readonly string[]): string {
  const pointAt = tokens.findIndex((token) => token === "." || token.toUpperCase() === "D");
  const places =
    pointAt < 0 ? 0 : tokens.slice(pointAt).filter((token) => token === "9" || token === "0").length;
  if (value.digits === null) return ` ${"#".repeat(places + 2)}${places > 0 ? "." : ""}`;
  const [mantissa = "", exponent = "+0"] = Number(printNumeric(value)).toExponential(places).split("e");
  return `${mantissa.startsWith("-") ? "" : " "}${mantissa}e${exponent[0] ?? "+"}${exponent.slice(1).padStart(2, "0")}`;
}

/** `to_number(text, template)`. */
// oxlint-disable-next-line complexity -- a case for each pattern of the manual
function readNumber(text: string, template: string): Numeric {
  const isNegative = /-|<.*>/.test(text);
  let digits = "";
  let at = 0;
  const tokens = [...template.matchAll(numberToken)].map(([token]) => token.toUpperCase());
  for (const token of tokens) {
    if (token === "FM") continue;
    while (at < text.length && /[\s+<-]/.test(text[at] ?? "")) at += 1;
    if (token === "9" || token === "0") {
      if (text[at] === ",") at += 1;
      if (/\d/.test(text[at] ?? "")) {
        digits += text[at] ?? "";
        at += 1;
      } else if (text[at] === "." && !tokens.includes(".") && !tokens.includes("D")) break;
      else at += 1;
    } else if (token === "." || token === "D") {
      while (at < text.length && text[at] !== "." && /\d/.test(text[at] ?? "")) at += 1;
      if (text[at] === ".") {
        digits += ".";
        at += 1;
      }
    } else if (token === "," || token === "G") {
      if (!/[\d.]/.test(text[at] ?? ".")) at += 1;
    } else if (["S", "MI", "PL", "SG", "PR"].includes(token)) continue;
    else at += 1;
  }
  if (!/\d/.test(digits))
    throw new DatabaseError(
      "22P02",
      `invalid input syntax for type numeric: "${digits === "" ? " " : digits}"`,
    );
  const number = parseNumeric(digits.endsWith(".") ? digits.slice(0, -1) : digits);
  return isNegative ? negateNumeric(number) : number;
}

/** Floats are shown with as many digits as they hold. */
const floatNumber = (value: number, template: string, digits: number): string => {
  const behind = (template.split(/[.D]/i)[1]?.match(/[09]/g) ?? []).length;
  if (!Number.isFinite(value)) return formatNumber(numericOf(value), template);
  const whole = Math.abs(Math.trunc(value)).toString().length;
  return formatNumber(parseNumeric(value.toFixed(Math.max(0, Math.min(behind, digits - whole)))), template);
};

export const formatFunctions = define({
  "to_char(int4,text) text": (value: number, template: string) => formatNumber(numericOf(value), template),
  "to_char(int8,text) text": (value: bigint, template: string) => formatNumber(numericOf(value), template),
  "to_char(numeric,text) text": formatNumber,
  "to_char(float4,text) text": (value: number, template: string) => floatNumber(value, template, 6),
  "to_char(float8,text) text": (value: number, template: string) => floatNumber(value, template, 15),
  "to_number(text,text) numeric": readNumber,
});
