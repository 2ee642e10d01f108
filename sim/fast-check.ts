/**
 * fast-check with worlds: `import { schedules, faultPlans } from "phoenix-sim/fast-check"`.
 *
 * Schedules, faults and workloads are values like any other: they are generated, and they shrink together with the test's own data.
 */
export { schedules } from "./fast-check/schedules.js";
export type { Schedule, SchedulesOptions } from "./fast-check/schedules.js";
export { faultPlans } from "./fast-check/fault-plans.js";
export type { FaultPlan, FaultPlansOptions, PlannedFault } from "./fast-check/fault-plans.js";
export { scheduler } from "./fast-check/scheduler.js";
export { createRequests } from "./fast-check/workloads.js";
export type { CreateRequestsOptions } from "./fast-check/workloads.js";
export { apiCommands } from "./fast-check/api-commands.js";
export type { ApiCommand, ApiCommandsOptions, ApiWorld } from "./fast-check/api-commands.js";
export { createApiModel } from "./fast-check/api-model.js";
export type { ApiModel } from "./fast-check/api-model.js";
