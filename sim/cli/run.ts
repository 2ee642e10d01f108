/** `phoenix-sim run`: scenarios, once for each seed. */
import stringWidth from "string-width";

import { SimError } from "../errors.js";
import { mergeWorlds, sourceOf } from "../explore/index.js";
import { realNowMs } from "../kernel/index.js";
import { formatLine } from "../kernel/trace.js";
import {
  appendToHistory,
  runRecord,
  scenarioRecord,
  type HistoryRecord,
} from "../scenarios/history/index.js";
import {
  runScenario,
  scenarioNamed,
  scenarios,
  type Scenario,
  type ScenarioResult,
} from "../scenarios/index.js";
import { didYouMean } from "../shared/text.js";
import { version } from "../shared/version.js";
import { loadCustomWorlds, type CustomWorlds } from "./custom-worlds.js";
import { commandName, commandWord, type ReportEvent, type Reporter } from "./reporters/reporter.js";
import { openReporters, type ReporterFlags } from "./reporters/reporters.js";
import { wrap } from "./reporters/text-table.js";
import { codeOfInterrupt, createInterrupt, exitCodes, type Interrupt, type Terminal } from "./terminal.js";

// Which scenarios `run` was asked for.

interface Choice {
  /** Named on the command line. */
  readonly names: readonly string[];
  readonly grep?: string | undefined;
  readonly smoke?: boolean | undefined;
  /** Scenarios of the user's own; without names they are all that is run, if there are any. */
  readonly custom: readonly Scenario[];
}

/** @throws SimError `SIM_OPTION_INVALID`, `SIM_SCENARIO_UNKNOWN` with the nearest name. */
function chooseScenarios({ names, grep, smoke = false, custom }: Choice): readonly Scenario[] {
  const everything = custom.length > 0 ? custom : scenarios;
  const quick = everything.filter((scenario) => scenario.smoke === true);
  if (smoke && names.length > 0) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      "Cannot run named scenarios and the quick set at once.",
      `Leave out --smoke, which stands for: ${quick.map(({ name }) => name).join(", ")}.`,
    );
  }
  if (smoke && quick.length === 0) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      "None of the scenarios belongs to the quick set.",
      "Leave out --smoke, or give a scenario of the module `smoke: true`.",
    );
  }
  const named = names.length > 0 ? names.map((name) => oneNamed(name, custom)) : smoke ? quick : everything;
  if (grep === undefined) return named;
  const expression = compile(grep);
  const matching = named.filter(
    ({ name, summary = "" }) => expression.test(name) || expression.test(summary),
  );
  if (matching.length > 0) return matching;
  throw new SimError(
    "SIM_SCENARIO_UNKNOWN",
    `No scenario matches "${grep}".`,
    `There are: ${named.map(({ name }) => name).join(", ")}.`,
  );
}

function oneNamed(name: string, custom: readonly Scenario[]): Scenario {
  const mine = custom.find((scenario) => scenario.name === name);
  if (mine !== undefined) return mine;
  if (custom.length === 0 || scenarios.some((scenario) => scenario.name === name)) return scenarioNamed(name);
  const names = [...custom, ...scenarios].map((scenario) => scenario.name);
  throw new SimError("SIM_SCENARIO_UNKNOWN", `There is no scenario "${name}".`, didYouMean(name, names));
}

function compile(pattern: string): RegExp {
  try {
    return new RegExp(pattern, "i");
  } catch (error) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Cannot use "${pattern}" for --grep: ${(error as Error).message}.`,
      "Give a JavaScript regular expression.",
      { cause: error },
    );
  }
}

// Tells how far a run is: a bar on a terminal, a line at times anywhere else.

export interface RunProgress {
  /** A scenario begins. */
  begin(name: string, seed: number): void;
  /** It is at another step. */
  step(title: string): void;
  /** It has ended. */
  result(ok: boolean): void;
  /** Takes the bar away. */
  end(): void;
}

const lineEveryMs = 5_000;
const barEveryMs = 100;
const barWidth = 24;

/** @param count - How many scenarios and seeds there are. @param nowMs - Real milliseconds. @default the machine's */
export function createRunProgress(
  count: number,
  { status, err }: Pick<Terminal, "status" | "err">,
  nowMs: () => number = realNowMs,
): RunProgress {
  let [done, failed] = [0, 0];
  let current = "";
  let nextMs = nowMs() + (status === undefined ? lineEveryMs : 0);

  function show(title = ""): void {
    if (nowMs() < nextMs) return;
    nextMs = nowMs() + (status === undefined ? lineEveryMs : barEveryMs);
    const failures = failed === 0 ? "" : `, ${failed} failed`;
    const text = `${done} of ${count}${failures}: ${current}${title === "" ? "" : `, ${title}`}`;
    if (status === undefined) return err(text);
    const filled = Math.floor((done / Math.max(1, count)) * barWidth);
    status(`[${"=".repeat(filled)}${" ".repeat(barWidth - filled)}] ${text}`);
  }

  return {
    begin(name, seed) {
      current = `${name}, seed ${seed}`;
      show();
    },
    step: show,
    result(ok) {
      done += 1;
      if (!ok) failed += 1;
    },
    end: () => status?.(""),
  };
}

// Appends the results of a run to its history as they come, so that an interrupted run loses only its last one.

interface HistoryKeeper {
  add(result: ScenarioResult): void;
  /** Adds the line of the whole run. @param complete - Whether every scenario took part. */
  end(complete: boolean): void;
}

/** @param file - False keeps nothing. A file that cannot be written is a warning, once, and not a failure. */
function keepHistory(file: string | false, terminal: Terminal): HistoryKeeper {
  const startedAt = Date.now();
  const at = new Date(startedAt).toISOString();
  const stamp = { run: `${at}/${process.pid}`, at, version };
  const results: ScenarioResult[] = [];
  let writable = true;

  function append(record: HistoryRecord): void {
    if (file === false || !writable) return;
    try {
      appendToHistory(file, [record], { nowMs: Date.now() });
    } catch (error) {
      writable = false;
      terminal.err(
        `Warning: this run is missing from the history, because ${file} cannot be written: ` +
          `${(error as Error).message}. Name another file with --history, or leave it out with --no-history.`,
      );
    }
  }

  return {
    add(result) {
      results.push(result);
      append(scenarioRecord(result, stamp));
    },
    end(complete) {
      append(runRecord(results, complete, stamp));
    },
  };
}

// The scenarios that `run --list` names.

/** @returns A line for each, or one JSON document `{ version, scenarios: [{ name, summary, smoke, deadline? }] }`. */
export function formatScenarioList(
  scenarios: readonly Scenario[],
  { json = false }: { readonly json?: boolean },
  { width }: Pick<Terminal, "width">,
): string {
  if (json) {
    const list = scenarios.map(({ name, summary = "", smoke = false, deadline }) => ({
      name,
      summary,
      smoke,
      deadline,
    }));
    return JSON.stringify({ version, scenarios: list }, null, 2);
  }
  const longest = Math.max(...scenarios.map(({ name }) => stringWidth(name)));
  // So long a name that nothing fits beside it has a line of its own.
  const indent = Math.min(longest + 2, Math.floor(width / 2));
  return scenarios
    .map(({ name, summary = "" }) => {
      const spaces = " ".repeat(Math.max(2, indent - stringWidth(name)));
      return `${name}${spaces}${wrap(summary, width - indent, indent)}`.trimEnd();
    })
    .join("\n");
}

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
  const custom = await loadCustomWorlds(flags.world, false);
  const chosen = chooseScenarios({ names, grep: flags.grep, smoke: flags.smoke, custom: custom.scenarios });
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
  const results = await runAll(planned, flags, { custom, terminal, reporter, interrupt, keeper, progress });
  progress.end();
  const left = planned.slice(results.length);
  keeper.end(left.length === 0 && custom.file === undefined && new Set(chosen).size === scenarios.length);
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

interface RunContext {
  readonly custom: CustomWorlds;
  readonly terminal: Terminal;
  readonly reporter: Reporter;
  readonly interrupt: Interrupt;
  readonly keeper: HistoryKeeper;
  readonly progress: RunProgress;
}

async function runAll(
  planned: readonly Planned[],
  flags: RunFlags,
  { custom, terminal, reporter, interrupt, keeper, progress }: RunContext,
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
      checksRequired: !custom.scenarios.includes(scenario),
      world: {
        ...(custom.file === undefined ? {} : mergeWorlds(scenario.world, custom.world)),
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
  const custom = world === undefined ? "" : ` --world ${commandWord(world)}`;
  return `${commandName} run ${commandWord(name)} --seed ${seed}${custom} --verbose`;
}
