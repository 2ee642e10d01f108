// Checks that a seed gives one trace: each scenario and seed runs in two processes, in opposite order, with the
// steps kept in one of them, while the other core is busy with the other process.
//
//   npm run determinism -- [--seeds N] [--scenario NAME]... [--save FILE] [--expect FILE]
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs, promisify } from "node:util";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "50" },
    scenario: { type: "string", multiple: true, default: ["lifecycle"] },
    save: { type: "string", default: ".phoenix-sim/hashes.json" },
    expect: { type: "string" },
  },
});
const worker = new URL("./determinism-worker.mjs", import.meta.url).pathname;
const run = promisify(execFile);
const hashesOf = async (order) => {
  const args = [worker, order, values.seeds, ...values.scenario];
  const { stdout } = await run(process.execPath, args, { maxBuffer: 2 ** 28 });
  return JSON.parse(stdout);
};

const [up, down] = await Promise.all([hashesOf("up"), hashesOf("down")]);
const expected = values.expect === undefined ? up : JSON.parse(readFileSync(values.expect, "utf8"));
const different = Object.keys(up).filter((key) => up[key] !== down[key] || up[key] !== expected[key]);
for (const key of different) console.log(`${key}: ${up[key]}, ${down[key]}, expected ${expected[key]}`);
if (values.expect === undefined) {
  if (!existsSync(dirname(values.save))) mkdirSync(dirname(values.save), { recursive: true });
  writeFileSync(values.save, JSON.stringify(up));
}
console.log(
  `Node ${process.version}: ${Object.keys(up).length} seeds, each run in two processes: ${different.length} differ`,
);
process.exitCode = different.length === 0 ? 0 : 3;
