/** Strategies by name, as users choose them. */
import { SimError } from "../errors.js";
import { didYouMean } from "../text.js";
import { delayBoundedStrategy } from "./delay-bounded.js";
import { exhaustiveStrategy } from "./exhaustive.js";
import { fifoStrategy } from "./fifo.js";
import { mutationStrategy } from "./mutation.js";
import { pctStrategy } from "./pct.js";
import { portfolioStrategy } from "./portfolio.js";
import { posStrategy } from "./pos.js";
import { randomStrategy } from "./random.js";
import type { Strategy } from "./strategy.js";
import { urwStrategy } from "./urw.js";

const makers: Readonly<Record<string, () => Strategy>> = {
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
export const strategyNames: readonly string[] = Object.keys(makers);

/** @throws SimError `SIM_STRATEGY_UNKNOWN` with the nearest name. */
export function strategyNamed(name: string): Strategy {
  const make = Object.hasOwn(makers, name) ? makers[name] : undefined;
  if (make !== undefined) return make();
  throw new SimError(
    "SIM_STRATEGY_UNKNOWN",
    `There is no strategy "${name}".`,
    didYouMean(name, strategyNames),
  );
}
