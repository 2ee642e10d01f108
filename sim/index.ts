/** The whole Phoenix platform inside one test process, under virtual time. The public surface, in flow order. */
export { createPhoenix, handlersOf } from "./world/index.js";
export type {
  Capacities,
  Phoenix,
  PhoenixClock,
  PhoenixNetwork,
  PhoenixOptions,
  PostgresOptions,
  RedisOptions,
  PhoenixPostgres,
  PhoenixRedis,
  PhoenixTrace,
  Replicas,
  UntilOptions,
} from "./world/index.js";
export { SimError } from "./errors.js";
export type { SimErrorCode } from "./errors.js";

export { ApiError } from "./world/client/index.js";
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
} from "./world/client/index.js";

export type {
  CapacityOptions,
  LinkOptions,
  Message,
  MessagePart,
  Protocol,
  Rule,
  RuleHandle,
  Verdict,
} from "./kernel/network/index.js";
export { NetworkError } from "./kernel/network/index.js";
export type {
  CrashOptions,
  Outage,
  Service,
  ServiceGroup,
  ServiceName,
  SimulatedNode,
} from "./world/cluster/index.js";

export * as faults from "./world/faults/constructors.js";
export { faultKindNamed, faultKinds, profileNames } from "./world/faults/index.js";
export type { Fault, FaultHandle, FaultKind, FaultScope, PlanOptions } from "./world/faults/index.js";
export { InvariantError, invariants } from "./world/invariants/index.js";
export type { Invariant } from "./world/invariants/index.js";

export { defaultDriver, formatStep, replayDriver, seededDriver } from "./kernel/index.js";
export type {
  ChoicePoint,
  Decision,
  Driver,
  Duration,
  LimitOptions,
  ReplayDriver,
  Step,
  StepKind,
} from "./kernel/index.js";
export { formatLine } from "./kernel/trace.js";
export type { LogLevel, LogLine } from "./kernel/trace.js";

export { explore } from "./explore/any-runner.js";
export type { ExploreOptions } from "./explore/any-runner.js";
export type { ExploreReport, ExploreSettings } from "./explore/index.js";

export { runScenario, scenarioNamed, scenarios } from "./scenarios/index.js";
export type {
  Checks,
  RunScenarioOptions,
  Scenario,
  ScenarioContext,
  ScenarioResult,
} from "./scenarios/index.js";
export { version } from "./shared/version.js";
