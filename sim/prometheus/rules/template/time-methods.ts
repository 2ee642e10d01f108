/** The methods of Go's times and durations that templates call. */
import { GoDuration, GoTime } from "./go-value.js";
import { GoInt } from "./tree.js";

const MONTHS = "January February March April May June July August September October November December".split(
  " ",
);
const DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

/** @returns Undefined when there is no such method, or not for these arguments. */
export function callMethod(value: GoTime | GoDuration, name: string, args: readonly unknown[]): unknown {
  return value instanceof GoTime ? timeMethod(value, name, args) : durationMethod(value, name, args);
}

function timeMethod(time: GoTime, name: string, [argument, ...more]: readonly unknown[]): unknown {
  const date = new Date(Math.floor(time.seconds) * 1000);
  if (name === "Format" && typeof argument === "string" && more.length === 0)
    return formatTime(date, argument);
  if (name === "Add" && argument instanceof GoDuration) return new GoTime(time.seconds + argument.seconds);
  if (name === "Sub" && argument instanceof GoTime) return new GoDuration(time.seconds - argument.seconds);
  if (argument !== undefined) return undefined;
  const numbers: Readonly<Record<string, number>> = {
    Year: date.getUTCFullYear(),
    Day: date.getUTCDate(),
    Hour: date.getUTCHours(),
    Minute: date.getUTCMinutes(),
    Second: date.getUTCSeconds(),
    Unix: Math.floor(time.seconds),
    UnixMilli: Math.floor(time.seconds * 1000),
    YearDay: Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000) + 1,
  };
  if (numbers[name] !== undefined) return new GoInt(numbers[name]);
  if (name === "Month") return MONTHS[date.getUTCMonth()];
  if (name === "Weekday") return DAYS[date.getUTCDay()];
  if (name === "UTC") return time;
  return name === "String" ? time.toString() : undefined;
}

function durationMethod({ seconds }: GoDuration, name: string, args: readonly unknown[]): unknown {
  if (args.length > 0) return undefined;
  switch (name) {
    case "Seconds":
      return seconds;
    case "Minutes":
      return seconds / 60;
    case "Hours":
      return seconds / 3600;
    case "Milliseconds":
      return new GoInt(Math.trunc(seconds * 1000));
    case "String":
      return new GoDuration(seconds).toString();
    default:
      return undefined;
  }
}

const LAYOUT = /January|Jan|Monday|Mon|MST|2006|Z07:00|-07:00|-0700|PM|pm|01|02|03|04|05|06|15|_2|1|2|3|4|5/g;

function formatTime(date: Date, layout: string): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const [month, day, hour] = [date.getUTCMonth(), date.getUTCDate(), date.getUTCHours()];
  const hour12 = hour % 12 === 0 ? 12 : hour % 12;
  const parts: Readonly<Record<string, string>> = {
    January: MONTHS[month] ?? "",
    Jan: (MONTHS[month] ?? "").slice(0, 3),
    Monday: DAYS[date.getUTCDay()] ?? "",
    Mon: (DAYS[date.getUTCDay()] ?? "").slice(0, 3),
    MST: "UTC",
    "2006": String(date.getUTCFullYear()),
    "Z07:00": "Z",
    "-07:00": "+00:00",
    "-0700": "+0000",
    PM: hour < 12 ? "AM" : "PM",
    pm: hour < 12 ? "am" : "pm",
    "01": two(month + 1),
    "02": two(day),
    "03": two(hour12),
    "04": two(date.getUTCMinutes()),
    "05": two(date.getUTCSeconds()),
    "06": two(date.getUTCFullYear() % 100),
    "15": two(hour),
    _2: String(day).padStart(2),
    "1": String(month + 1),
    "2": String(day),
    "3": String(hour12),
    "4": String(date.getUTCMinutes()),
    "5": String(date.getUTCSeconds()),
  };
  return layout.replace(LAYOUT, (part) => parts[part] ?? part);
}
