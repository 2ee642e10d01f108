/** A worker of the thread pool in tests: runs shapes. */
import { createExecutor } from "../../../../sim/explore/index.js";
import { runShapeOnce } from "../../../shapes/run-once.js";

/** What the pool calls with each job, and with each recording. */
export const { execute, replay } = createExecutor(runShapeOnce);
