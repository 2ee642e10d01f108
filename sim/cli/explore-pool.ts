/** The pool of an exploration: threads where the package is built, this thread where it runs from its sources. */
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

import { type Pool, createExecutor, localPool, threadPool } from "../explore/index.js";
import type { WorkerSettings } from "./explore-worker.js";
import type { OwnWorlds } from "./own-worlds.js";
import type { Terminal } from "./terminal.js";

export interface PoolSettings {
  /** Threads that are wanted; without it, one a core, at most eight. */
  readonly workers?: number;
  /** Runs of a campaign: more threads than that would have nothing to do. */
  readonly runs: number;
  readonly own: Pick<OwnWorlds, "file" | "makeRun">;
  /** Real milliseconds after which a run counts as one that never ends; only threads can be given up. */
  readonly runMsMax: number;
}

// A thread takes some hundred MiB: a machine with many cores may have less memory than that for each.
const workersMaxByItself = 8;

/** One thread, too, is a thread of its own: a run that loops for ever then costs that thread, not the exploration. */
export function openPool({ workers, runs, own, runMsMax }: PoolSettings, terminal: Terminal): Pool {
  const threads = Math.min(runs, workers ?? Math.min(availableParallelism(), workersMaxByItself));
  const worker = new URL("./explore-worker.js", import.meta.url);
  if (existsSync(fileURLToPath(worker))) {
    const workerData: WorkerSettings = own.file === undefined ? {} : { worldFile: own.file };
    return threadPool({ filename: worker.href, workers: threads, workerData, runMsMax });
  }
  if ((workers ?? 1) > 1)
    terminal.err("Runs in one thread: the package is not built. The results are the same.");
  return localPool(createExecutor(own.makeRun(() => {})));
}
