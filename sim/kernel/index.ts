/** The kernel: time, order and randomness. Knows nothing of networks or services. */
export { createChoiceLog } from "./choice.js";
export type {
  Candidate,
  ChoiceKind,
  ChoiceLog,
  ChoiceLogOptions,
  ChoicePoint,
  Deviation,
  Driver,
} from "./choice.js";
export { createVirtualClock, defaultEpochMs } from "./clock.js";
export type { Face, VirtualClock } from "./clock.js";
export { dullDriver, replayDriver, seededDriver } from "./drivers.js";
export type { ReplayDriver } from "./drivers.js";
export { formatDuration, parseDuration } from "./duration.js";
export type { Duration } from "./duration.js";
export { createRunningHash, hashString, mix32, tapHashes } from "./hash.js";
export type { HashTap, RunningHash } from "./hash.js";
export type { Holder, Wait } from "./holders.js";
export { createHost } from "./host.js";
export type { Host, HostState, Incarnation } from "./host.js";
export type { ImmediateHandle } from "./immediates.js";
export { resolveLimits } from "./limits.js";
export type { LimitOptions, Limits } from "./limits.js";
export { nameOfEvent } from "./agenda.js";
export type { EventOwner, LoopEvent } from "./agenda.js";
export { createLoop } from "./loop.js";
export type { Loop, LoopOptions } from "./loop-api.js";
export { createOrigins } from "./origins.js";
export type { Origin, Origins } from "./origins.js";
export { everyRealMs, realNowMs, yieldToProcess } from "./quiescence.js";
export { formatStep } from "./step.js";
export type { Step, StepKind } from "./step.js";
export { createStrands } from "./strand.js";
export type { Strand, Strands } from "./strand.js";
export { createStreams } from "./streams.js";
export type { Streams } from "./streams.js";
export { advance, holdWhile, waitFor } from "./wait.js";
export type { WaitOptions } from "./wait.js";
