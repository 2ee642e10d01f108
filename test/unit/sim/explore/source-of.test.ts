import { expect, test } from "vitest";

import { sourceOf } from "../../../../sim/explore/one-world.js";

// Built from a place of this package: its own path is nobody's business.
const packageRoot = new URL("../../../../", import.meta.url).pathname;

test.each([
  ["a file of the user", ["at run (/their/folder/own.mjs:7:3)"], "own.mjs:7"],
  ["a module of the user", ["at file:///their/folder/lib/own.mjs:7:3"], "lib/own.mjs:7"],
  ["a file elsewhere", ["at async run (/elsewhere/own.mjs:7:3)"], "/elsewhere/own.mjs:7"],
  ["a service", [`at async handle (${packageRoot}src/gateway/app.ts:40:2)`], "src/gateway/app.ts:40"],
  ["a workload", [`at x (${packageRoot}sim/scenarios/workloads.ts:9:2)`], "sim/scenarios/workloads.ts:9"],
  [
    "the place behind what checks, waits and runs",
    [
      "at new Promise (<anonymous>)",
      "at node:internal/process/task_queues:95:5",
      "at x (/their/folder/node_modules/pg/lib/client.js:5:1)",
      `at ok (${packageRoot}sim/scenarios/scenario.ts:34:11)`,
      `at advance (${packageRoot}sim/kernel/wait.ts:93:11)`,
      `at x (${packageRoot}dist/index.js:93:11)`,
      `at run (${packageRoot}sim/scenarios/lifecycle.ts:12:11)`,
    ],
    "sim/scenarios/lifecycle.ts:12",
  ],
  ["machinery alone", [`at look (${packageRoot}sim/explore/one-world.ts:23:4)`], undefined],
])("%s is the source", (_, frames, source) => {
  const stack = ["Error: at no place:1:1 of this", ...frames.map((frame) => `    ${frame}`)].join("\n");
  expect(sourceOf(stack, "/their/folder")).toBe(source);
});
