/** How long a timer of Node waits for a delay that it was given. */
const delayMsMax = 2 ** 31 - 1;

// As Node has it: no delay at all is one millisecond, so that who polls by such timers sees time move.
export function delayOf(given: unknown): number {
  const delayMs = Number(given);
  return delayMs >= 1 && delayMs <= delayMsMax ? delayMs : 1;
}
