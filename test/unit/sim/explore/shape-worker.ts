/** A worker of the thread pool in tests: runs shapes, and loops for ever in runs of one seed when told so. */
import { workerData } from "node:worker_threads";

import { createExecutor } from "../../../../sim/explore/index.js";
import { runShapeOnce } from "../../../shapes/run-once.js";

// Tinypool hands the data over as the second of two.
const [, options] = workerData as readonly [unknown, { readonly loopForSeed?: number } | undefined];

/** What the pool calls with each job, and with each recording. */
export const { execute, replay } = createExecutor(async (input) => {
  if (input.seed === options?.loopForSeed) for (;;);
  return runShapeOnce(input);
});
