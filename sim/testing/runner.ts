/** Which test runner this process belongs to, and which of its tests runs. */
import type { RunnerName } from "./rerun-command.js";

/** @returns The runner; Node's own when there are no signs of another. */
export function currentRunner(): RunnerName {
  if ("Deno" in globalThis) return "deno";
  if ("Bun" in globalThis) return "bun";
  if (process.env["VITEST"] !== undefined) return "vitest";
  return process.env["JEST_WORKER_ID"] === undefined ? "node" : "jest";
}

/** @returns The whole name of the running test, where the runner tells it by a global `expect`, as Jest does. */
export function currentTestName(): string | undefined {
  const expect = (globalThis as { readonly expect?: { getState?(): { readonly currentTestName?: unknown } } })
    .expect;
  const name = expect?.getState?.().currentTestName;
  return typeof name === "string" ? name : undefined;
}
