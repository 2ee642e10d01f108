/** Strategies by name, as users choose them. */
import { SimError } from "../../errors.js";
import { didYouMean } from "../../shared/text.js";
import { exhaustiveStrategy } from "./exhaustive.js";
import { delayBoundedStrategy, pctStrategy, posStrategy } from "./priority-based.js";
import { fifoStrategy, mutationStrategy, randomStrategy, urwStrategy } from "./random-walk.js";
import type { Arm, Feedback, Strategy } from "./strategy.js";

// The portfolio: several strategies in turn, because none finds every kind of fault, and more of the ones
// that pay.
//
// Even runs follow a fixed rotation, so that no strategy is ever given up. Odd runs go to the strategy with
// the highest index of UCB1 (Auer, Cesa-Bianchi and Fischer, "Finite-time Analysis of the Multiarmed Bandit
// Problem", 2002): mean reward + sqrt(2 ln N / n), for n of N runs. A strategy that stands in the rotation s
// times counts as having had n / s runs, so that equal rewards give equal shares. How a run is rewarded: see
// learner.ts.

export interface PortfolioOptions {
  /** Strategies to rotate, in order. */
  readonly members?: readonly Strategy[];
}

/**
 * The default rotation. URW stands in it twice, because a window of one step in a long run is what the others
 * nearly never meet; at nominal delays, because its estimates hold only where order decides.
 */
export function portfolioMembers(): readonly Strategy[] {
  const urw = urwStrategy({ latency: "nominal" });
  return [
    randomStrategy({ latency: "varied" }),
    urw,
    pctStrategy({ depth: 2 }),
    posStrategy(),
    urw,
    pctStrategy({ depth: 3 }),
    pctStrategy({ depth: 1 }),
    delayBoundedStrategy(),
    mutationStrategy(),
  ];
}

export function portfolioStrategy({ members = portfolioMembers() }: PortfolioOptions = {}): Strategy {
  return {
    name: "portfolio",
    driverFor(key, feedback) {
      const chosen = chooseMember(members, key.run, feedback);
      return chosen?.driverFor(key, feedback);
    },
  };
}

// The runs between the last learnt one and this one are played through, so that all of them spread over the
// arms as if each had paid what its arm pays on average.
function chooseMember(members: readonly Strategy[], run: number, feedback: Feedback): Strategy | undefined {
  const counts = new Map(members.map(({ name }) => [name, feedback.arms[name]?.runs ?? 0]));
  let chosen = members[0];
  for (let each = feedback.firstRun; each <= run; each++) {
    chosen = each % 2 === 0 ? members[(each / 2) % members.length] : highestIndex(members, counts, feedback);
    if (chosen !== undefined) counts.set(chosen.name, (counts.get(chosen.name) ?? 0) + 1);
  }
  return chosen;
}

function highestIndex(
  members: readonly Strategy[],
  counts: ReadonlyMap<string, number>,
  { arms }: Feedback,
): Strategy | undefined {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  let best: Strategy | undefined;
  let bestIndex = -Infinity;
  for (const member of members) {
    const places = members.filter(({ name }) => name === member.name).length;
    const count = (counts.get(member.name) ?? 0) / places;
    const index =
      count === 0 ? Infinity : meanReward(arms[member.name]) + Math.sqrt((2 * Math.log(total)) / count);
    if (index > bestIndex) {
      best = member;
      bestIndex = index;
    }
  }
  return best;
}

function meanReward(arm: Arm | undefined): number {
  return arm === undefined || arm.runs === 0 ? 0 : arm.reward / arm.runs;
}

const factories: Readonly<Record<string, () => Strategy>> = {
  portfolio: portfolioStrategy,
  random: randomStrategy,
  fifo: fifoStrategy,
  urw: urwStrategy,
  pct1: () => pctStrategy({ depth: 1 }),
  pct2: () => pctStrategy({ depth: 2 }),
  pct3: () => pctStrategy({ depth: 3 }),
  pct4: () => pctStrategy({ depth: 4 }),
  pos: posStrategy,
  "delay-bounded": delayBoundedStrategy,
  mutation: mutationStrategy,
  exhaustive: exhaustiveStrategy,
};

/** Names that `strategyNamed` takes. */
export const strategyNames: readonly string[] = Object.keys(factories);

/** @throws SimError `SIM_STRATEGY_UNKNOWN` with the nearest name. */
export function strategyNamed(name: string): Strategy {
  const make = Object.hasOwn(factories, name) ? factories[name] : undefined;
  if (make !== undefined) return make();
  throw new SimError(
    "SIM_STRATEGY_UNKNOWN",
    `There is no strategy "${name}".`,
    didYouMean(name, strategyNames),
  );
}
