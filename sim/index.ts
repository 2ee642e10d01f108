/** The whole Phoenix platform inside one test process, under virtual time. The public surface, in flow order. */
export { createPhoenix, handlersOf } from "./phoenix/index.js";
export type {
  Capacities,
  Phoenix,
  PhoenixClock,
  PhoenixNetwork,
  PhoenixOptions,
  PhoenixPostgres,
  PhoenixRedis,
  PhoenixTrace,
  Replicas,
  UntilOptions,
} from "./phoenix/index.js";
export { SimError } from "./errors.js";
export type { SimErrorCode } from "./errors.js";

export { ApiError } from "./client/index.js";
export type {
  CallOptions,
  Client,
  ConfigsReply,
  CreateExperiment,
  CreateOptions,
  Deployment,
  ErrorBody,
  ExperimentList,
  ExperimentReply,
  LoginReply,
  MetricsReply,
  ResultsReply,
  StartLoad,
} from "./client/index.js";

export type {
  CapacityOptions,
  LinkOptions,
  Message,
  MessagePart,
  Protocol,
  Rule,
  RuleHandle,
  Verdict,
} from "./network/index.js";
export { NetworkError } from "./network/index.js";
export type {
  CrashOptions,
  Outage,
  Service,
  ServiceGroup,
  ServiceName,
  SimulatedNode,
} from "./services/index.js";

export * as faults from "./faults/constructors.js";
export { faultKindNamed, faultKinds, profileNames } from "./faults/index.js";
export type { Fault, FaultHandle, FaultKind, FaultScope, PlanOptions } from "./faults/index.js";
export { InvariantError, invariants } from "./invariants/index.js";
export type { Invariant } from "./invariants/index.js";

export { dullDriver, formatStep, replayDriver, seededDriver } from "./kernel/index.js";
export type {
  ChoicePoint,
  Deviation,
  Driver,
  Duration,
  LimitOptions,
  ReplayDriver,
  Step,
  StepKind,
} from "./kernel/index.js";
export { formatLine } from "./trace/index.js";
export type { LogLevel, LogLine } from "./trace/index.js";

export { explore } from "./any-runner.js";
export type { ExploreOptions } from "./any-runner.js";
export type { ExploreReport, ExploreSettings } from "./explore/index.js";

export { runScenario, scenarioNamed, scenarios } from "./scenarios/index.js";
export type {
  Checks,
  RunScenarioOptions,
  Scenario,
  ScenarioContext,
  ScenarioResult,
} from "./scenarios/index.js";
export { version } from "./version.js";
