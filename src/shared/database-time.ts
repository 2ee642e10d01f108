/**
 * The one clock that all replicas share.
 *
 * Wall clocks of hosts differ and step, so a deadline written by one replica means something else to the next.
 * Times that are stored come from the database instead: asked once in a while, carried forward in between by
 * the host's own monotonic clock.
 */
import type { Clock, SqlClient, SqlStatement } from "../ports/index.js";

export interface DatabaseTime {
  /**
   * @returns Epoch milliseconds as the database sees them, good to a round trip.
   * @throws Whatever the database throws, when the last answer is older than the limit and it cannot be asked.
   */
  now(): Promise<number>;
  /** The same without asking: the last answer carried forward; undefined before the first. */
  estimate(): number | undefined;
}

const selectTime: SqlStatement = { name: "select-time", text: "SELECT now() AS now" };

/** @param maxAgeMs - How long an answer is carried forward. @default 60_000 */
export function createDatabaseTime(clock: Clock, sql: SqlClient, maxAgeMs = 60_000): DatabaseTime {
  let answer: { readonly offsetMs: number; readonly atMs: number } | undefined;
  let asking: Promise<void> | undefined;

  async function ask(): Promise<void> {
    const { rows } = await sql.query<{ now: Date | string | number }>(selectTime);
    const receivedMs = clock.monotonic();
    const databaseMs = new Date(rows[0]?.now ?? Number.NaN).getTime();
    if (!Number.isFinite(databaseMs)) throw new Error("The database returned no time.");
    // True at some moment before it came: an estimate may lag by the way of the answer, and is never ahead. What
    // must not end too early asks here.
    answer = { offsetMs: databaseMs - receivedMs, atMs: receivedMs };
  }

  const estimate = (): number | undefined =>
    answer === undefined ? undefined : Math.round(clock.monotonic() + answer.offsetMs);

  return {
    estimate,
    now: async () => {
      if (answer === undefined || clock.monotonic() - answer.atMs > maxAgeMs) {
        asking ??= ask().finally(() => (asking = undefined));
        await asking;
      }
      return estimate() ?? clock.now();
    },
  };
}
