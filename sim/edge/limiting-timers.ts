/**
 * Timers that their owner unrefs although somebody waits for what they do: they keep time moving all the same.
 *
 * Whoever waits for a client of an exhausted `pg.Pool` has nothing else under way, only the limit of that wait.
 */

// What stays of a callback however it was bundled: its texts.
const texts = ["timeout exceeded when trying to connect"];

export function limitsWait(callback: unknown): boolean {
  if (typeof callback !== "function") return false;
  const source = Function.prototype.toString.call(callback);
  return texts.some((text) => source.includes(text));
}
