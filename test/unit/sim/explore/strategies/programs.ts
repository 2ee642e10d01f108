/** Small programs for tests of strategies: strands of known lengths, and what order they ran in. */
import { type Driver, advance } from "../../../../../sim/kernel/index.js";
import { type Feedback, type Strategy, emptyFeedback } from "../../../../../sim/explore/strategies/index.js";
import { createBareWorld } from "../../../../support/world.js";

export interface Program {
  /** Events of each strand; strands are called a, b, c ... */
  readonly lengths: readonly number[];
  /** Host of each strand; one for all when left out. */
  readonly hosts?: readonly string[];
}

/** @returns Names of the strands in the order in which their events ran, such as `abab`. */
export async function runProgram({ lengths, hosts }: Program, driver: Driver): Promise<string> {
  const { loop } = createBareWorld({ driver });
  let order = "";
  lengths.forEach((length, index) => {
    const name = "abcdefgh"[index] ?? "?";
    const owner = { name: hosts?.[index] ?? "host", condition: "running" as const, park: () => {} };
    const step = (left: number): void => {
      if (left === 0) return;
      loop.schedule(0, "task", name, () => ((order += name), step(left - 1)), owner);
    };
    step(length);
  });
  await advance(loop, 1);
  return order;
}

/** Runs a program under runs 0 to `runs` - 1 of a strategy, all with the same feedback. */
export async function runMany(
  program: Program,
  strategy: Strategy,
  runs: number,
  feedback: Partial<Feedback> = {},
): Promise<readonly string[]> {
  const orders: string[] = [];
  for (let run = 0; run < runs; run++) {
    const driver = strategy.driverFor({ run, seed: run * 7919 + 1 }, { ...emptyFeedback, ...feedback });
    if (driver !== undefined) orders.push(await runProgram(program, driver));
  }
  return orders;
}

/** How often each value came. */
export function countEach(values: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
