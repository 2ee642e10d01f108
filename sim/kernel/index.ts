/** The kernel: time, order and randomness. Knows nothing of networks or services. */

export {
  createChoiceLog,
  type Candidate,
  type ChoiceKind,
  type ChoiceLog,
  type ChoicePoint,
  type Decision,
  type Driver,
} from "./choice-log.js";
export { createVirtualClock, defaultEpochMs, type ClockView } from "./clock.js";
export { defaultDriver, replayDriver, seededDriver, type ReplayDriver, createStreams } from "./drivers.js";
export { formatDuration, parseDuration, type Duration } from "./duration.js";
export { hashString, mix32, observeHashes } from "./hash.js";
export { type KeepAlive, createOrigins, type Origin } from "./keep-alive.js";
export { createHost, type Host, type Incarnation } from "./host.js";
export type { ImmediateHandle } from "./immediates.js";
export { resolveLimits, type LimitOptions, type Limits } from "./limits.js";
export type { LoopEvent } from "./run-queue.js";
export { createLoop } from "./run-loop.js";
export type { Loop } from "./run-loop-api.js";
export { activeResources } from "./real-io.js";
export { everyRealMs, realNowMs, yieldToProcess } from "./quiescence.js";
export { formatStep, type Step, type StepKind, createTasks, type Task } from "./task.js";
export { advance, holdWhile, waitFor } from "./wait.js";
