/**
 * fast-check with worlds: `import { schedules, faultPlans } from "phoenix-sim/fast-check"`.
 *
 * Schedules, faults and workloads are values like any other: they are generated, and they shrink together with the test's own data.
 */

export { schedules, type Schedule, type SchedulesOptions, scheduler } from "./schedules.js";
export { faultPlans, type FaultPlan, type FaultPlansOptions, type PlannedFault } from "./fault-plans.js";
export {
  createRequests,
  type CreateRequestsOptions,
  apiCommands,
  type ApiCommand,
  type ApiCommandsOptions,
  type ApiWorld,
  createApiModel,
  type ApiModel,
} from "./api-commands.js";
