// Runs scenarios over seeds and prints { "scenario#seed": hash }. Arguments: up|down, number of seeds, scenarios.
import { runScenario, scenarioNamed } from "../dist/index.js";

const [order, seeds, ...names] = process.argv.slice(2);
const jobs = names.flatMap((name) =>
  Array.from({ length: Number(seeds) }, (_, index) => ({ name, seed: index + 1 })),
);
if (order === "down") jobs.reverse();
const hashes = {};
for (const { name, seed } of jobs) {
  const result = await runScenario(scenarioNamed(name), { seed, world: { trace: order === "down" } });
  hashes[`${name}#${seed}`] = result.ok ? result.traceHash : `failed: ${result.error.message}`;
}
const failed = Object.values(hashes).filter((hash) => hash.startsWith("failed")).length;
console.log(JSON.stringify(hashes));
if (failed > 0) console.error(`${failed} of ${jobs.length} runs failed`);
