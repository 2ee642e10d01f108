/** `until` of a world: waits for whatever a test can look at. */
import { checkOptions } from "../check-options.js";
import { SimError } from "../errors.js";
import { type Loop, waitFor } from "../kernel/index.js";
import type { UntilOptions } from "./api.js";

/** @throws SimError `SIM_OPTION_INVALID` for what is no function, or gives a promise. */
export async function until<T>(
  loop: Loop,
  check: () => T | undefined | false,
  options: UntilOptions = {},
): Promise<T> {
  checkOptions("until", options, ["within", "label"]);
  const { within = "5m", label = "a condition" } = options;
  if (typeof check !== "function") {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Cannot wait for ${String(check)}: it is ${typeof check}, not a function.`,
      "Give a function that is asked after each event, such as `() => done`.",
    );
  }
  return waitFor(loop, {
    label,
    within,
    check: () => {
      const value = check();
      if (value instanceof Promise) {
        value.catch(() => {});
        throw new SimError(
          "SIM_OPTION_INVALID",
          `Cannot wait for ${label}: the function gave a promise, which is true whatever comes of it.`,
          "Give a function that answers at once. To ask the API again and again, write " +
            '`await vi.waitFor(async () => ...)` in Vitest, or a loop with `await phoenix.clock.advance("1s")`.',
        );
      }
      return value === false || value === undefined ? undefined : value;
    },
  });
}
