/** An executor that does nothing more once a run has failed, so that a test ends at the first failure. */
import type { Executor, RunReport } from "./executor.js";

/**
 * @param stop - Aborted by the first failure, or by whoever wants no further run.
 */
export function stopEarly(executor: Executor, stop: AbortController): Executor {
  return {
    async execute(job) {
      const reports: (RunReport | undefined)[] = [];
      for (const run of job.runs) {
        const [report] = stop.signal.aborted ? [] : await executor.execute({ ...job, runs: [run] });
        if (report?.failure !== undefined || report?.difference !== undefined) stop.abort();
        reports.push(report);
      }
      return reports;
    },
    replay: executor.replay,
  };
}
