/** Strategies: who answers the questions of a run when faults are hunted. */

export {
  strategyNamed,
  strategyNames,
  portfolioMembers,
  portfolioStrategy,
  type PortfolioOptions,
} from "./catalogue.js";
export {
  createCoverage,
  type Coverage,
  createFeedbackCollector,
  type ReportedRun,
  type FeedbackCollector,
  createFingerprintBuilder,
  type ScheduleFingerprint,
  type FingerprintBuilder,
} from "./feedback.js";
export { delayBoundedStrategy, pctStrategy, type PctOptions, posStrategy } from "./priority-based.js";
export { exhaustiveStrategy, type ExhaustiveOptions } from "./exhaustive.js";
export { fifoStrategy, mutationStrategy, randomStrategy, urwStrategy } from "./random-walk.js";
export {
  type LatencyPolicy,
  emptyFeedback,
  type Arm,
  type Branch,
  type CorpusEntry,
  type Feedback,
  type RunFeedback,
  type RunDriver,
  type RunKey,
  type Strategy,
} from "./strategy.js";
