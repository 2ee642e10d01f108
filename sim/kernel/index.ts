/** The kernel: time, order and randomness. Knows nothing of networks or services. */

export {
  createChoiceLog,
  type Candidate,
  type ChoiceKind,
  type ChoiceLog,
  type ChoiceLogOptions,
  type ChoicePoint,
  type Decision,
  type Driver,
} from "./choice-log.js";
export { createVirtualClock, defaultEpochMs, type ClockView, type VirtualClock } from "./clock.js";
export {
  defaultDriver,
  replayDriver,
  seededDriver,
  type ReplayDriver,
  createStreams,
  type Streams,
} from "./drivers.js";
export { formatDuration, parseDuration, type Duration } from "./duration.js";
export { createRunningHash, hashString, mix32, tapHashes, type HashTap, type RunningHash } from "./hash.js";
export type { KeepAlive, Wait } from "./keep-alive.js";
export { createHost, type Host, type HostState, type Incarnation } from "./host.js";
export type { ImmediateHandle } from "./immediates.js";
export { resolveLimits, type LimitOptions, type Limits } from "./limits.js";
export { nameOfEvent, type EventOwner, type LoopEvent } from "./run-queue.js";
export { createLoop } from "./run-loop.js";
export type { Loop, LoopOptions } from "./run-loop-api.js";
export { createOrigins, type Origin, type Origins } from "./origins.js";
export { everyRealMs, realNowMs, yieldToProcess } from "./quiescence.js";
export { formatStep, type Step, type StepKind } from "./step.js";
export { createTasks, type Task, type Tasks } from "./strand.js";
export { advance, holdWhile, waitFor, type WaitOptions } from "./wait.js";
