/** A thread of an exploration. */
import { createExecutor, createWorldRun } from "../explore/index.js";

/** What the pool calls with each job, and with each recording. */
export const { execute, replay } = createExecutor(createWorldRun());
