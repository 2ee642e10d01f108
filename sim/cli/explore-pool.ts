/** The pool of an exploration: threads where the package is built, this thread where it runs from its sources. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { type Pool, createExecutor, createWorldRun, localPool, threadPool } from "../explore/index.js";
import type { Terminal } from "./terminal.js";

/** @param workers - Threads that are wanted. */
export function openPool(workers: number, terminal: Terminal): Pool {
  if (workers === 1) return localPool(createExecutor(createWorldRun()));
  const worker = new URL("./explore-worker.js", import.meta.url);
  if (existsSync(fileURLToPath(worker))) return threadPool({ filename: worker.href, workers });
  terminal.err("Runs in one thread: the package is not built. The results are the same.");
  return localPool(createExecutor(createWorldRun()));
}
