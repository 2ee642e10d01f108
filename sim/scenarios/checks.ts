/**
 * Assertions of scenarios: few, counted, and with a message that names the values.
 *
 * They do not come from a test runner, because a scenario also runs from the command line and under
 * exploration, where there is none.
 */
import { isDeepStrictEqual } from "node:util";
import { inspect } from "node:util";

import { SimError } from "../errors.js";

/** Each throws SimError `SIM_ASSERTION` when it does not hold. `what` says what is checked, in words. */
export interface Checks {
  /** How many assertions were made. */
  readonly count: number;
  ok(condition: boolean, what: string): void;
  equal(actual: unknown, expected: unknown, what: string): void;
  above(actual: number, bound: number, what: string): void;
  below(actual: number, bound: number, what: string): void;
  includes<T>(actual: readonly T[], expected: T, what: string): void;
}

export interface ChecksOptions {
  /** Whether what does not hold is let pass at this moment. @default never */
  readonly excused?: () => boolean;
}

export function createChecks({ excused = () => false }: ChecksOptions = {}): Checks {
  let count = 0;

  function verify(holds: boolean, what: string, found: string): void {
    count += 1;
    if (holds || excused()) return;
    throw new SimError(
      "SIM_ASSERTION",
      `Expected ${what}; ${found}.`,
      "Run the same seed with --verbose to see what the services did.",
    );
  }

  return {
    get count() {
      return count;
    },
    ok: (condition, what) => verify(condition, what, "it does not hold"),
    equal: (actual, expected, what) =>
      verify(isDeepStrictEqual(actual, expected), what, `found ${show(actual)}, not ${show(expected)}`),
    above: (actual, bound, what) => verify(actual > bound, what, `found ${actual}, not above ${bound}`),
    below: (actual, bound, what) => verify(actual < bound, what, `found ${actual}, not below ${bound}`),
    includes: (actual, expected, what) =>
      verify(actual.includes(expected), what, `${show(expected)} is not among ${show(actual)}`),
  };
}

function show(value: unknown): string {
  return inspect(value, { depth: 3, breakLength: 100, maxArrayLength: 20, maxStringLength: 400 });
}
