/** Runs the tests once for each mutant of the job, in one process. */
import { resolve } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, type RunnerTestSuite } from "vitest";
import { readJob, tell } from "./job.js";

const job = readJob();

for (const id of job.ids) {
  describe(`mutant ${id}`, async () => {
    let by: string | null = null;
    let timedOut = false;
    const onUnhandled = (): void => {
      by ??= "an unhandled error";
    };

    beforeAll(() => {
      tell(job, { event: "started", id });
      globalThis.activeMutant = id;
      globalThis.mutantHits = 0;
      process.on("unhandledRejection", onUnhandled);
      process.on("uncaughtException", onUnhandled);
    });
    beforeEach(({ task, skip }) => {
      const error = task.result?.errors?.[0];
      if (error !== undefined) {
        by ??= task.name;
        timedOut ||= /timed out|runs in circles/.test(error.message);
        globalThis.activeMutant = 0;
      } else if (by !== null) skip();
    });
    // oxlint-disable-next-line no-empty-pattern -- Vitest wants a pattern here.
    afterAll(({}, suite) => {
      process.off("unhandledRejection", onUnhandled);
      process.off("uncaughtException", onUnhandled);
      globalThis.activeMutant = 0;
      const failed = firstFailure(suite);
      tell(job, { event: "ended", id, by: by ?? failed ?? null, timedOut });
      // What a test that fails leaves behind must not fail the next: the command goes on in a new process.
      if (failed !== undefined) process.kill(process.pid, "SIGKILL");
    });

    for (const file of job.tests) await import(/* @vite-ignore */ `${resolve(file)}?mutant=${id}`);
  });
}

/** @returns Name of the first test or suite that failed even without the mutant. */
function firstFailure(suite: RunnerTestSuite): string | undefined {
  for (const task of suite.tasks) {
    const inner = task.type === "suite" ? firstFailure(task) : undefined;
    if (inner !== undefined) return inner;
    if (task.result?.state === "fail") return task.name;
  }
  return undefined;
}
