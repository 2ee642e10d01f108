/**
 * `npm run golden`: compares the trace hashes with those of `traces.json`; `npm run golden -- --update` writes them
 * anew. The commit that updates them says which behaviour it means to change.
 */
import { scenarios } from "../../sim/scenarios/index.js";
import { explorationHashes, readGolden, scenarioHashes, writeGolden } from "./golden-hashes.js";

const unknown = process.argv.slice(2).filter((word) => word !== "--update");
if (unknown.length > 0) {
  console.error(`golden takes --update and nothing else, not ${unknown.join(" ")}`);
  process.exit(2);
}

const found: Record<string, string> = {};
for (const { name } of scenarios) Object.assign(found, await scenarioHashes(name));
Object.assign(found, await explorationHashes());

if (process.argv.includes("--update")) {
  writeGolden(found);
  console.log(`wrote ${Object.keys(found).length} trace hashes`);
} else {
  const golden = readGolden();
  const names = [...new Set([...Object.keys(golden), ...Object.keys(found)])];
  const different = names.filter((name) => golden[name] !== found[name]);
  for (const name of different) console.log(`${name}: ${golden[name]} was expected, ${found[name]} found`);
  console.log(`${names.length} trace hashes, ${different.length} differ`);
  if (different.length > 0) process.exitCode = 3;
}
