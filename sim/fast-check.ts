/**
 * fast-check with worlds: `import { schedules, scheduler } from "phoenix-sim/fast-check"`.
 *
 * Schedules are values like any other: they are generated, and they shrink together with the test's own data.
 */
export { schedules } from "./fast-check/schedules.js";
export type { Schedule, SchedulesOptions } from "./fast-check/schedules.js";
export { scheduler } from "./fast-check/scheduler.js";
