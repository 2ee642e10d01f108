/** `phoenix-sim run`: scenarios, once for each seed. */
import { mergeWorlds, sourceOf } from "../explore/index.js";
import { realNowMs } from "../kernel/index.js";
import { type Scenario, type ScenarioResult, runScenario, scenarios } from "../scenarios/index.js";
import { formatLine } from "../trace/index.js";
import { version } from "../version.js";
import { chooseScenarios } from "./choose-scenarios.js";
import { commandName, commandWord } from "./command-name.js";
import { exitCodes } from "./exit-codes.js";
import { type Interrupt, codeOfInterrupt, createInterrupt } from "./interrupt.js";
import { type HistoryKeeper, keepHistory } from "./keep-history.js";
import { type OwnWorlds, loadOwnWorlds } from "./own-worlds.js";
import type { ReportEvent, Reporter } from "./reporters/report-event.js";
import { type ReporterFlags, openReporters } from "./reporters/reporters.js";
import { formatScenarioList } from "./reporters/scenario-list.js";
import { type RunProgress, createRunProgress } from "./run-progress.js";
import type { Terminal } from "./terminal.js";

/** What the command line gives. */
export interface RunFlags extends ReporterFlags {
  readonly seed: number;
  readonly seeds: number;
  readonly grep?: string;
  readonly list?: boolean;
  readonly verbose?: boolean;
  readonly smoke?: boolean;
  readonly budget?: number;
  readonly world?: string;
  readonly history: string | false;
}

/** Runs the scenarios that were asked for, and reports them. */
export async function run(
  names: readonly string[],
  flags: RunFlags,
  terminal: Terminal,
  exit: (code: number) => void,
): Promise<void> {
  const own = await loadOwnWorlds(flags.world, false);
  const chosen = chooseScenarios({ names, grep: flags.grep, smoke: flags.smoke, own: own.scenarios });
  if (flags.list === true) {
    terminal.out(formatScenarioList(chosen, flags, terminal));
    return;
  }
  const { seed: firstSeed, seeds } = flags;
  const planned = chosen.flatMap((scenario) =>
    Array.from({ length: seeds }, (_, offset): Planned => ({ scenario, seed: firstSeed + offset })),
  );
  const reporter = openReporters(flags, terminal);
  reporter.report({ type: "start", command: "run", version, planned: planned.map(named) });
  const interrupt = createInterrupt(terminal, () =>
    terminal.err("Stopping; what has ended is reported. Press Ctrl-C again to end at once."),
  );
  const keeper = keepHistory(flags.history, terminal);
  const progress = createRunProgress(planned.length, terminal);
  const results = await runAll(planned, flags, { own, terminal, reporter, interrupt, keeper, progress });
  progress.end();
  const left = planned.slice(results.length);
  keeper.end(left.length === 0 && own.file === undefined && new Set(chosen).size === scenarios.length);
  const exitCode = codeOf(results, interrupt);
  reporter.report({ type: "end", exitCode, leftOut: left.map(named), reason: reasonOf(left, interrupt) });
  exit(exitCode);
}

function codeOf(results: readonly ScenarioResult[], { by }: Interrupt): number {
  if (by !== undefined) return codeOfInterrupt(by);
  return results.some(({ ok }) => !ok) ? exitCodes.finding : exitCodes.ok;
}

function reasonOf(
  left: readonly Planned[],
  { by }: Interrupt,
): Extract<ReportEvent, { type: "end" }>["reason"] {
  if (by !== undefined) return by;
  return left.length > 0 ? "budget" : undefined;
}

interface Planned {
  readonly scenario: Scenario;
  readonly seed: number;
}

function named({ scenario, seed }: Planned): { readonly name: string; readonly seed: number } {
  return { name: scenario.name, seed };
}

interface Surroundings {
  readonly own: OwnWorlds;
  readonly terminal: Terminal;
  readonly reporter: Reporter;
  readonly interrupt: Interrupt;
  readonly keeper: HistoryKeeper;
  readonly progress: RunProgress;
}

async function runAll(
  planned: readonly Planned[],
  flags: RunFlags,
  { own, terminal, reporter, interrupt, keeper, progress }: Surroundings,
): Promise<readonly ScenarioResult[]> {
  const startedAt = realNowMs();
  const results: ScenarioResult[] = [];
  for (const { scenario, seed } of planned) {
    // The first always runs: a budget that is too small must not pass for a success.
    if (results.length > 0 && realNowMs() - startedAt > (flags.budget ?? Infinity)) break;
    const { name } = scenario;
    progress.begin(name, seed);
    const running = runScenario(scenario, {
      seed,
      coverage: true,
      signal: interrupt.signal,
      placeOf: sourceOf,
      checksRequired: !own.scenarios.includes(scenario),
      world: {
        ...(own.file === undefined ? {} : mergeWorlds(scenario.world, own.world)),
        ...(flags.verbose === true ? { onLog: (line) => terminal.err(formatLine(line)) } : {}),
      },
      onStep(title, virtualMs) {
        progress.step(title);
        if (flags.verbose === true)
          terminal.err(`${(virtualMs / 1000).toFixed(3).padStart(9)}s ${name}: ${title}`);
      },
    });
    const result = await interrupt.race(running);
    if (result === undefined || interrupt.by !== undefined) break;
    results.push(result);
    keeper.add(result);
    progress.result(result.ok);
    reporter.report({ type: "result", ...result, again: againOf(result, flags.world) });
  }
  return results;
}

function againOf({ name, seed }: ScenarioResult, world: string | undefined): string {
  const own = world === undefined ? "" : ` --world ${commandWord(world)}`;
  return `${commandName} run ${commandWord(name)} --seed ${seed}${own} --verbose`;
}
