/** A thread of an exploration. */
import { Console } from "node:console";
import { workerData } from "node:worker_threads";

import { createExecutor, type Executor } from "../explore/index.js";
import { loadCustomWorlds } from "./custom-worlds.js";

/** What the thread that began the exploration gives to each. */
export interface WorkerSettings {
  /** Module with worlds of the user's own. */
  readonly worldFile?: string;
}

// Tinypool hands the data over as the second of two.
const [, { worldFile } = {}] = workerData as readonly [unknown, WorkerSettings | undefined];
// What scenarios and modules of the user's own print is no data of the command.
globalThis.console = new Console(process.stderr, process.stderr);
const { makeRun } = await loadCustomWorlds(worldFile);

const executor = createExecutor(makeRun(() => {}));

/** What the pool calls with each job. */
export const execute: Executor["execute"] = executor.execute;
/** What it calls with each recording. */
export const replay: Executor["replay"] = executor.replay;
