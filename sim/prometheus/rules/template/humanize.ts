/** Numbers for people, as Prometheus' template functions write them. */
import { fourDigits } from "./go-format.js";

/** Metric prefixes: 1234567 is `1.235M`, 0.0123 is `12.3m`. */
export function humanize(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return fourDigits(value);
  return Math.abs(value) >= 1 ? scale(value, 1000, ["k", "M", "G", "T", "P", "E", "Z", "Y"]) : scaleUp(value);
}

/** Binary prefixes: 2048 is `2ki`. */
export function humanize1024(value: number): string {
  if (Math.abs(value) <= 1 || !Number.isFinite(value)) return fourDigits(value);
  return scale(value, 1024, ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"]);
}

/** Seconds as days, hours, minutes and seconds. */
export function humanizeDuration(value: number): string {
  if (!Number.isFinite(value)) return fourDigits(value);
  if (value === 0) return "0s";
  if (Math.abs(value) < 1) return `${scaleUp(value)}s`;
  const sign = value < 0 ? "-" : "";
  const size = Math.abs(value);
  const whole = Math.trunc(size);
  const seconds = whole % 60;
  const minutes = Math.trunc(whole / 60) % 60;
  const hours = Math.trunc(whole / 3600) % 24;
  const days = Math.trunc(whole / 86_400);
  if (days !== 0) return `${sign}${days}d ${hours}h ${minutes}m ${seconds}s`;
  if (hours !== 0) return `${sign}${hours}h ${minutes}m ${seconds}s`;
  return minutes === 0 ? `${sign}${fourDigits(size)}s` : `${sign}${minutes}m ${seconds}s`;
}

/** A ratio as a percentage. */
export function humanizePercentage(value: number): string {
  return `${fourDigits(value * 100)}%`;
}

/** Seconds since the epoch as a date. */
export function humanizeTimestamp(value: number): string {
  if (!Number.isFinite(value)) return fourDigits(value);
  const [day = "", time = ""] = new Date(value * 1000).toISOString().split("T");
  return `${day} ${time.replace("Z", "").replace(/\.?0+$/, (zeros) => (zeros.startsWith(".") ? "" : zeros))} +0000 UTC`;
}

function scale(value: number, base: number, prefixes: readonly string[]): string {
  let rest = value;
  let prefix = "";
  for (const next of prefixes) {
    if (Math.abs(rest) < base) break;
    prefix = next;
    rest /= base;
  }
  return fourDigits(rest) + prefix;
}

function scaleUp(value: number): string {
  let rest = value;
  let prefix = "";
  for (const next of ["m", "u", "n", "p", "f", "a", "z", "y"]) {
    if (Math.abs(rest) >= 1) break;
    prefix = next;
    rest *= 1000;
  }
  return fourDigits(rest) + prefix;
}
