/** `phoenix-sim run`: scenarios, once for each seed. */
import { SimError } from "../errors.js";
import { realNowMs } from "../kernel/index.js";
import {
  type RunScenarioOptions,
  type Scenario,
  type ScenarioResult,
  runScenario,
  scenarioNamed,
  scenarios,
} from "../scenarios/index.js";
import { formatLine } from "../trace/index.js";
import { version } from "../version.js";
import { exitCodes } from "./exit-codes.js";
import { keepHistory } from "./keep-history.js";
import { formatJson } from "./reporters/json.js";
import { formatFailure, formatTable, formatTotal } from "./reporters/table.js";
import type { Terminal } from "./terminal.js";

/** What the command line gives. */
export interface RunFlags {
  readonly seed: number;
  readonly seeds: number;
  readonly grep?: string;
  readonly list?: boolean;
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly smoke?: boolean;
  readonly budget?: number;
  readonly history: string | false;
}

/** Runs the scenarios that were asked for, and reports them. */
export async function run(
  names: readonly string[],
  flags: RunFlags,
  terminal: Terminal,
  exit: (code: number) => void,
): Promise<void> {
  const chosen = choose(names, flags);
  if (flags.list === true) {
    for (const { name, summary } of chosen) terminal.out(`${name.padEnd(30)} ${summary}`);
    return;
  }
  const results = await runAll(chosen, flags, terminal);
  report(results, flags, terminal);
  if (results.some(({ ok }) => !ok)) exit(exitCodes.finding);
}

function choose(names: readonly string[], { grep: pattern, smoke = false }: RunFlags): readonly Scenario[] {
  const quick = scenarios.filter((scenario) => scenario.smoke === true);
  if (smoke && names.length > 0) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      "Cannot run named scenarios and the quick set at once.",
      `Leave out --smoke, which stands for: ${quick.map(({ name }) => name).join(", ")}.`,
    );
  }
  const everything = smoke ? quick : scenarios;
  const named = names.length > 0 ? names.map(scenarioNamed) : everything;
  if (pattern === undefined) return named;
  const expression = compile(pattern);
  const matching = named.filter(({ name, summary }) => expression.test(name) || expression.test(summary));
  if (matching.length > 0) return matching;
  throw new SimError(
    "SIM_SCENARIO_UNKNOWN",
    `No scenario matches "${pattern}".`,
    `There are: ${named.map(({ name }) => name).join(", ")}.`,
  );
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

interface Planned {
  readonly scenario: Scenario;
  readonly seed: number;
}

async function runAll(
  chosen: readonly Scenario[],
  flags: RunFlags,
  terminal: Terminal,
): Promise<readonly ScenarioResult[]> {
  const { seed: firstSeed, seeds, history, budget = Infinity } = flags;
  const startedAt = realNowMs();
  const keeper = keepHistory(history, terminal);
  const results: ScenarioResult[] = [];
  const planned = chosen.flatMap((scenario) =>
    Array.from({ length: seeds }, (_, offset): Planned => ({ scenario, seed: firstSeed + offset })),
  );
  for (const { scenario, seed } of planned) {
    // The first always runs: a budget that is too small must not pass for a success.
    if (results.length > 0 && realNowMs() - startedAt > budget) break;
    const result = await runScenario(scenario, {
      seed,
      coverage: true,
      ...listening(scenario, flags, terminal),
    });
    results.push(result);
    keeper.add(result);
  }
  const left = planned.slice(results.length);
  if (left.length > 0) terminal.err(`Left out, because the budget of real time was spent: ${titles(left)}.`);
  keeper.end(left.length === 0 && new Set(chosen).size === scenarios.length);
  return results;
}

function titles(planned: readonly Planned[]): string {
  return planned.map(({ scenario, seed }) => `${scenario.name} (seed ${seed})`).join(", ");
}

function listening(
  { name }: Scenario,
  { verbose = false }: RunFlags,
  terminal: Terminal,
): Partial<RunScenarioOptions> {
  if (!verbose) return {};
  return {
    onStep: (title, virtualMs) =>
      terminal.err(`${(virtualMs / 1000).toFixed(3).padStart(9)}s ${name}: ${title}`),
    world: { onLog: (line) => terminal.err(formatLine(line)) },
  };
}

function report(results: readonly ScenarioResult[], { json = false }: RunFlags, terminal: Terminal): void {
  if (json) {
    terminal.out(formatJson(version, results));
    return;
  }
  terminal.out(formatTable(results, terminal.color));
  terminal.out(formatTotal(results));
  for (const { name, figures } of results) {
    if (figures.length > 0)
      terminal.out(`${name}: ${figures.map(([key, value]) => `${key} ${value}`).join(", ")}`);
  }
  for (const result of results) if (!result.ok) terminal.err(`\n${formatFailure(result, terminal.color)}`);
}
