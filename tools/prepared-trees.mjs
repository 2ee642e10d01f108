// Parses the statements of the platform once, at build time: runs the scenarios on a bundle whose parser notes what it
// is asked.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { build } from "esbuild";

const place = "const preparedTrees: ReadonlyMap<string, string> = new Map();";

const noted = Symbol.for("phoenix-sim.build.parsed");

/** @returns An esbuild plugin that puts the trees in their place in the sources. */
export async function prepareTrees() {
  const trees = await treesOfPlatform();
  return {
    name: "prepared-trees",
    setup({ onLoad, onEnd }) {
      let isPlaced = false;
      onLoad({ filter: /[\\/]sim[\\/]servers[\\/]postgres[\\/]sql[\\/]parse\.ts$/ }, async ({ path }) => {
        const [before, after, ...more] = (await readFile(path, "utf8")).split(place);
        if (after === undefined || more.length > 0) throw new Error(`${path} has not "${place}" once`);
        isPlaced = true;
        // On the same line, so that the lines of what follows stay the same.
        const prepared = `const preparedTrees: ReadonlyMap<string, string> = new Map(${JSON.stringify([...trees])});`;
        return { contents: `${before}${prepared}${after}`, loader: "ts" };
      });
      onEnd(() => {
        if (!isPlaced) throw new Error("the prepared trees are in no module: where is the parser?");
      });
    },
  };
}

async function treesOfPlatform() {
  mkdirSync("node_modules/.cache", { recursive: true });
  const folder = mkdtempSync(resolve("node_modules/.cache/build-"));
  const outfile = join(folder, "index.mjs");
  const trees = new Map();
  globalThis[noted] = (text, parsed) => {
    const json = JSON.stringify(parsed);
    if (isDeepStrictEqual(JSON.parse(json), parsed)) trees.set(text, json);
  };
  try {
    await build({
      entryPoints: ["sim/index.ts"],
      outfile,
      bundle: true,
      packages: "external",
      format: "esm",
      platform: "node",
      target: "node20",
      logLevel: "warning",
      plugins: [notingParser],
      absWorkingDir: resolve("."),
    });
    // Together they call nearly every operation; a small share of each load does as well.
    const { runScenario, scenarios } = await import(pathToFileURL(outfile).href);
    for (const scenario of scenarios) {
      const { error } = await runScenario(scenario, { seed: 1, scale: 0.02 });
      if (error !== undefined) throw new Error(`${scenario.name}: ${error.message}`);
    }
    if (trees.size === 0)
      throw new Error("no statement of the platform was parsed: where is the parser loaded?");
  } finally {
    delete globalThis[noted];
    rmSync(folder, { recursive: true, force: true });
  }
  return trees;
}

const parserFunction = "export function parseTree(text: string): ParseResult {";

const notingParser = {
  name: "noting-parser",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]sim[\\/]servers[\\/]postgres[\\/]sql[\\/]parser\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      if (!source.includes(parserFunction)) throw new Error(`${path} has no "${parserFunction}"`);
      const contents = `${source.replace(parserFunction, "function parseUnnoted(text: string): ParseResult {")}
        export function parseTree(text: string): ParseResult {
          const parsed = parseUnnoted(text);
          (globalThis as any)[Symbol.for("phoenix-sim.build.parsed")]?.(text, parsed.stmts ?? []);
          return parsed;
        }`;
      return { contents, loader: "ts" };
    });
  },
};
