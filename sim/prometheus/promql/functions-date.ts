/** Functions of a time in seconds since the epoch, in UTC. */

/** A moment: its date in a range that JavaScript knows, and the years to add to that. */
interface Moment {
  readonly date: Date;
  readonly yearsToAdd: number;
}

/** By name. Without argument they take the evaluation time. */
export const DATE_FUNCTIONS: ReadonlyMap<string, (seconds: number) => number> = new Map(
  Object.entries({
    day_of_month: ({ date }: Moment) => date.getUTCDate(),
    day_of_week: ({ date }: Moment) => date.getUTCDay(),
    day_of_year: ({ date }: Moment) =>
      (startOfDay(date) - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000 + 1,
    days_in_month: ({ date }: Moment) =>
      new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate(),
    hour: ({ date }: Moment) => date.getUTCHours(),
    minute: ({ date }: Moment) => date.getUTCMinutes(),
    month: ({ date }: Moment) => date.getUTCMonth() + 1,
    year: ({ date, yearsToAdd }: Moment) => date.getUTCFullYear() + yearsToAdd,
  }).map(([name, part]) => [name, (seconds: number) => part(momentOf(seconds))]),
);

const DATE_SECONDS_MAX = 8.64e12;
const INT64_MIN = -(2n ** 63n);
// Go counts from this year, in an unsigned number that wraps around.
const FIRST_YEAR = -292_277_022_399;
const EPOCH_SECONDS = 62_135_596_800n + 9_223_371_966_579_724_800n;
// After 400 years the calendar repeats, weekdays included. 2001 stands in that cycle where the first year does.
const CYCLE_SECONDS = 12_622_780_800n;

function momentOf(seconds: number): Moment {
  if (Math.abs(seconds) < DATE_SECONDS_MAX)
    return { date: new Date(Math.trunc(seconds) * 1000), yearsToAdd: 0 };
  // What no 64-bit integer holds becomes the smallest one, as it does in Go.
  const fits = seconds >= -(2 ** 63) && seconds < 2 ** 63;
  const absolute = BigInt.asUintN(64, (fits ? BigInt(Math.trunc(seconds)) : INT64_MIN) + EPOCH_SECONDS);
  const date = new Date(Date.UTC(2001, 0, 1) + Number(absolute % CYCLE_SECONDS) * 1000);
  return { date, yearsToAdd: FIRST_YEAR - 2001 + Number(absolute / CYCLE_SECONDS) * 400 };
}

function startOfDay(date: Date): number {
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
}
