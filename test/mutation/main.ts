/**
 * `npm run mutation`: changes the code in one place at a time and runs the closest unit tests, which ought to fail.
 *
 * `npm run mutation -- fabric minimizer` tries these modules only; `--count 40` takes a larger sample of each, `--seed x`
 * another one; `--golden` says which survivors change a golden trace; `--write` writes docs/mutation-tests.md.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { format, resolveConfig } from "prettier";
import { jobVariable, type Job, type JobEvent } from "./job.js";
import { mutatedModules, type MutatedModule } from "./modules.js";
import { mutantsOf, sampleMutants, type Mutant } from "./mutants.js";
import { pageOf, summaryOf, type ModuleOutcome, type Outcome } from "./report.js";

// For a run without a mutant; the others may take three times as long as that.
const unchangedMsMax = 120_000;
const folder = mkdtempSync(join(tmpdir(), "mutation-"));

/** Runs one process. @returns What it told until it ended, or was ended because nothing happened any more. */
async function runJob(job: Omit<Job, "results">, stuckAfterMs: number): Promise<readonly JobEvent[]> {
  const results = join(folder, "results.jsonl");
  const file = join(folder, "job.json");
  rmSync(results, { force: true });
  writeFileSync(file, JSON.stringify({ ...job, results }));
  const child = spawn("npx", ["vitest", "run", "--config", "test/mutation/vitest.config.ts"], {
    env: { ...process.env, [jobVariable]: file },
    stdio: process.env["MUTATION_DEBUG"] === undefined ? "ignore" : "inherit",
    detached: true,
  });
  const told = (): string => (existsSync(results) ? readFileSync(results, "utf8") : "");
  let [last, sinceMs] = ["", performance.now()];
  const watch = setInterval(() => {
    const now = told();
    if (now !== last) [last, sinceMs] = [now, performance.now()];
    else if (performance.now() - sinceMs > stuckAfterMs && child.pid !== undefined)
      process.kill(-child.pid, "SIGKILL");
  }, 500);
  await new Promise((resolve) => {
    child.once("exit", resolve);
  });
  clearInterval(watch);
  return told()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as JobEvent);
}

/** Tries the mutants, in as few processes as there can be. */
async function tryMutants(
  mutants: readonly Mutant[],
  tests: readonly string[],
): Promise<ReadonlyMap<number, Outcome>> {
  const outcomes = new Map<number, Outcome>();
  const startedMs = performance.now();
  const events = await runJob({ mutants, ids: [0], tests }, unchangedMsMax);
  const unchanged = events.find(({ event }) => event === "ended");
  if (unchanged?.event !== "ended" || unchanged.by !== null)
    throw new Error(
      `The tests fail without a mutant: ${unchanged?.event === "ended" ? unchanged.by : tests.join(", ")}`,
    );
  const stuckAfterMs = 5_000 + 3 * (performance.now() - startedMs);
  const atLoad = mutants.filter((mutant) => mutant.atLoad);
  const batches = atLoad.map(({ id }) => [id]);
  const rest = mutants.filter((mutant) => !mutant.atLoad).map(({ id }) => id);
  if (rest.length > 0) batches.push(rest);
  for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
    const chosen =
      batch.length === 1
        ? mutants.filter(({ id }) => id === batch?.[0])
        : mutants.filter((one) => !one.atLoad);
    const events = await runJob({ mutants: chosen, ids: batch, tests }, stuckAfterMs);
    for (const event of events) {
      if (event.event === "ended") outcomes.set(event.id, { by: event.by, timedOut: event.timedOut });
      else outcomes.set(event.id, { by: "the time limit", timedOut: true });
    }
    // A mutant that keeps the module or the tests from loading is noticed by all of them.
    const first = batch[0];
    if (events.length === 0 && first !== undefined) outcomes.set(first, { by: "loading", timedOut: false });
    const left = batch.filter((id) => !outcomes.has(id));
    if (left.length > 0) batches.unshift(left);
  }
  return outcomes;
}

async function tryModule(
  { name, files, tests }: MutatedModule,
  options: { readonly count: number; readonly seed: string; readonly golden: boolean },
): Promise<ModuleOutcome> {
  const startedMs = performance.now();
  const equivalent = JSON.parse(readFileSync("test/mutation/equivalent.json", "utf8")) as Record<
    string,
    string
  >;
  const mutants = sampleMutants(files, options.count, options.seed);
  const possible = new Set(
    files.flatMap((file) => mutantsOf(file, readFileSync(file, "utf8"))).map(({ key }) => key),
  );
  const stale = Object.keys(equivalent).filter(
    (key) => files.some((file) => key.startsWith(`${file}: `)) && !possible.has(key),
  );
  if (stale.length > 0)
    throw new Error(
      `test/mutation/equivalent.json names changes that are not possible any more: ${stale.join("; ")}`,
    );
  const there = tests.filter((file) => existsSync(file));
  const outcomes = await tryMutants(mutants, there);
  const unnoticed = mutants.filter(({ id }) => outcomes.get(id)?.by === null);
  const survivors = unnoticed.filter(({ key }) => !(key in equivalent));
  const golden =
    options.golden && survivors.length > 0
      ? await tryMutants(survivors, ["test/golden/golden.test.ts"])
      : new Map<number, Outcome>();
  return {
    name,
    mutants: mutants.length,
    killed: mutants.length - unnoticed.length,
    timedOut: [...outcomes.values()].filter(({ timedOut }) => timedOut).length,
    equivalent: unnoticed.length - survivors.length,
    survivors: survivors.map(({ file, line, shown, key, id }) => ({
      key,
      place: `${file}:${line}`,
      shown: shown.replaceAll(/\s+/g, " "),
      changesGolden: (golden.get(id)?.by ?? null) !== null,
    })),
    seconds: Math.round((performance.now() - startedMs) / 1000),
  };
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: "string", default: "24" },
    seed: { type: "string", default: "phoenix-sim" },
    golden: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});
const unknown = positionals.filter((name) => !mutatedModules.some((module) => module.name === name));
const count = Number(values.count);
if (unknown.length > 0 || !Number.isSafeInteger(count) || count < 1) {
  const known = mutatedModules.map(({ name }) => name).join(", ");
  console.error(
    `mutation takes names of modules (${known}) and a --count of 1 or more, not ${process.argv.slice(2).join(" ")}`,
  );
  process.exit(2);
}

try {
  const outcomes: ModuleOutcome[] = [];
  for (const module of mutatedModules) {
    if (positionals.length > 0 && !positionals.includes(module.name)) continue;
    const outcome = await tryModule(module, { count, seed: values.seed, golden: values.golden });
    outcomes.push(outcome);
    for (const { key, place, shown, changesGolden } of outcome.survivors)
      console.log(
        `survived${changesGolden ? ", changes a golden trace" : ""}: ${place} ${shown}\n  key: ${key}`,
      );
    console.log(summaryOf(outcome));
  }
  if (values.write) {
    const page = "docs/mutation-tests.md";
    writeFileSync(page, await format(pageOf(outcomes), { ...(await resolveConfig(page)), filepath: page }));
  }
  const survived = outcomes.reduce((sum, { survivors }) => sum + survivors.length, 0);
  const tried = outcomes.reduce((sum, { mutants }) => sum + mutants, 0);
  console.log(`${tried} mutants, ${survived} survived (${((100 * survived) / tried).toFixed(1)} %)`);
  // The most that may survive.
  if (survived > 0.15 * tried) process.exitCode = 3;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
