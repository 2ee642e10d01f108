/** What tests of every runner share: the environment, the command that runs one again, and reports in errors. Light. */
export { runsFromEnvironment, seedFromEnvironment, tokenFromEnvironment } from "./environment.js";
export { namePatternOf, rerunCommand } from "./rerun-command.js";
export type { RunnerName, TestPlace } from "./rerun-command.js";
export { currentRunner, currentTestName } from "./runner.js";
export { appended, withReport } from "./with-report.js";
