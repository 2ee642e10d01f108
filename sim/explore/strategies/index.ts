/** Strategies: who answers the questions of a run when faults are hunted. */

export { strategyNamed, strategyNames, portfolioMembers, portfolioStrategy } from "./catalogue.js";
export {
  createCoverage,
  createFeedbackCollector,
  type ReportedRun,
  createFingerprintBuilder,
} from "./feedback.js";
export { delayBoundedStrategy, pctStrategy, posStrategy } from "./priority-based.js";
export { exhaustiveStrategy } from "./exhaustive.js";
export { fifoStrategy, mutationStrategy, randomStrategy, urwStrategy } from "./random-walk.js";
export { emptyFeedback, type Feedback, type Strategy } from "./strategy.js";
