/** Hands one explored test of Vitest to the explorer. */
import { isatty } from "node:tty";

import type { TestContext } from "vitest";

import type { Exploration, ExploreSettings } from "../explore/index.js";
import type { Phoenix, PhoenixOptions } from "../phoenix/index.js";
import { hashString } from "../kernel/index.js";
import { seedFromEnvironment } from "../testing/index.js";
import { rerunTest, reportInErrors } from "./report.js";

type Context = TestContext & { readonly phoenixOptions: PhoenixOptions };

const stderrFd = 2;

/** @throws What the test throws in the minimized run, with the report; and errors that say why an exploration failed. */
export async function exploreTest(
  settings: ExploreSettings,
  context: Context,
  body: (phoenix: Phoenix, world: PhoenixOptions) => Promise<void>,
): Promise<void> {
  const { task, signal, onTestFinished, phoenixOptions } = context;
  const seed = phoenixOptions.seed ?? seedFromEnvironment() ?? hashString(task.fullTestName);
  // What runs beside others cannot have the globals of the process.
  const world = { globals: task.concurrent !== true, ...phoenixOptions };
  const expected = task.fails === true;
  let report = `Run it again: ${rerunTest(seed, task)}`;
  // Errors carry their report; of several in one, Vitest shows the parts only.
  reportInErrors(context, () => report);
  const { createWorlds, explore } = await import("../explore/index.js");
  const exploration: Exploration = {
    name: task.fullTestName,
    seed,
    settings,
    world,
    body: async (phoenix) => body(phoenix, world),
    signal,
    again: (failure) => rerunTest(failure, task),
    store: !expected,
    onProgress: createProgress(context),
    async onReport(text) {
      report = text;
      if (!expected) await context.annotate(text, "error");
    },
  };
  const worlds = createWorlds(exploration);
  onTestFinished(async () => worlds.end());
  await explore(exploration, worlds);
}

/** Lines on a terminal. Elsewhere annotations, each after twice the lines of the one before: they stay with the test. */
function createProgress({ annotate }: Context): (line: string) => void {
  let lines = 0;
  let next = 1;
  return (line) => {
    lines += 1;
    if (isatty(stderrFd)) console.error(line);
    else if (lines === next) {
      next *= 2;
      void annotate(line, "notice").catch(() => {});
    }
  };
}
