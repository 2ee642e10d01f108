/**
 * Values of a template, as Go tells them apart. Numbers are float64, texts are strings, arrays are query results;
 * undefined is no value, null is nil.
 */
import { GoInt } from "./tree.js";

/** A map with texts as keys. */
export class GoMap extends Map<string, unknown> {
  readonly type: string;
  /** What a missing key gives. */
  readonly zero: unknown;

  constructor(entries: Iterable<readonly [string, unknown]>, type: string, zero: unknown) {
    super(entries);
    this.type = type;
    this.zero = zero;
  }
}

/** A struct, or a pointer to one. */
export class GoStruct {
  readonly type: string;
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(type: string, fields: Readonly<Record<string, unknown>>) {
    this.type = type;
    this.fields = fields;
  }
}

/** A moment in UTC, in seconds since the epoch. */
export class GoTime {
  readonly seconds: number;

  constructor(seconds: number) {
    this.seconds = seconds;
  }

  toString(): string {
    const whole = Math.floor(this.seconds);
    const [day = "", time = ""] = new Date(whole * 1000).toISOString().slice(0, 19).split("T");
    const nanos = Math.round((this.seconds - whole) * 1e9);
    const fraction = nanos === 0 ? "" : `.${String(nanos).padStart(9, "0").replace(/0+$/, "")}`;
    return `${day} ${time}${fraction} +0000 UTC`;
  }
}

/** A length of time in seconds. */
export class GoDuration {
  readonly seconds: number;

  constructor(seconds: number) {
    this.seconds = seconds;
  }

  toString(): string {
    const size = Math.abs(this.seconds);
    const sign = this.seconds < 0 ? "-" : "";
    if (size === 0) return "0s";
    if (size < 1e-6) return `${sign}${Math.round(size * 1e9)}ns`;
    if (size < 1e-3) return `${sign}${trimmed(size * 1e6)}µs`;
    if (size < 1) return `${sign}${trimmed(size * 1e3)}ms`;
    const minutes = Math.floor(size / 60);
    const seconds = `${trimmed(size - minutes * 60)}s`;
    if (minutes === 0) return `${sign}${seconds}`;
    const hours = Math.floor(minutes / 60);
    return hours === 0 ? `${sign}${minutes}m${seconds}` : `${sign}${hours}h${minutes % 60}m${seconds}`;
  }
}

/** @returns A map of texts, such as labels. */
export function stringMap(entries: Readonly<Record<string, string>>): GoMap {
  return new GoMap(Object.entries(entries), "map[string]string", "");
}

/** Go's name of the type of a value. */
export function typeOf(value: unknown): string {
  if (typeof value === "number") return "float64";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "string") return "string";
  if (value instanceof GoInt) return "int";
  if (value instanceof GoMap || value instanceof GoStruct) return value.type;
  if (value instanceof GoTime) return "*time.Time";
  if (value instanceof GoDuration) return "*time.Duration";
  return Array.isArray(value) ? "template.queryResult" : "interface {}";
}

/** Whether a value counts as true: not zero, not empty. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof GoMap) return value.size > 0;
  if (value instanceof GoInt) return value.value !== 0;
  return Boolean(value) || Number.isNaN(value);
}

function trimmed(value: number): string {
  return value.toFixed(9).replace(/\.?0+$/, "");
}
