/** Functions of one value: arithmetic, trigonometry, and parts of a date. */

const radiansPerDegree = Math.PI / 180;

/** Functions applied to each value of a vector. */
export const MATH_FUNCTIONS: ReadonlyMap<string, (value: number) => number> = new Map<
  string,
  (value: number) => number
>([
  ["abs", Math.abs],
  ["acos", Math.acos],
  ["acosh", Math.acosh],
  ["asin", Math.asin],
  ["asinh", Math.asinh],
  ["atan", Math.atan],
  ["atanh", Math.atanh],
  ["ceil", Math.ceil],
  ["cos", Math.cos],
  ["cosh", Math.cosh],
  ["deg", (value) => value / radiansPerDegree],
  ["exp", Math.exp],
  ["floor", Math.floor],
  ["ln", Math.log],
  ["log10", Math.log10],
  ["log2", Math.log2],
  ["rad", (value) => value * radiansPerDegree],
  ["sgn", (value) => (value === 0 ? 0 : Math.sign(value))],
  ["sin", Math.sin],
  ["sinh", Math.sinh],
  ["sqrt", Math.sqrt],
  ["tan", Math.tan],
  ["tanh", Math.tanh],
]);

/** Functions of a time in seconds since the epoch, in UTC. Without argument they take the evaluation time. */
export const DATE_FUNCTIONS: ReadonlyMap<string, (seconds: number) => number> = new Map(
  Object.entries({
    day_of_month: (date: Date) => date.getUTCDate(),
    day_of_week: (date: Date) => date.getUTCDay(),
    day_of_year: (date: Date) => (startOfDay(date) - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000 + 1,
    days_in_month: (date: Date) =>
      new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate(),
    hour: (date: Date) => date.getUTCHours(),
    minute: (date: Date) => date.getUTCMinutes(),
    month: (date: Date) => date.getUTCMonth() + 1,
    year: (date: Date) => date.getUTCFullYear(),
  }).map(([name, part]) => [name, (seconds: number) => part(new Date(Math.trunc(seconds) * 1000))]),
);

function startOfDay(date: Date): number {
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
}
