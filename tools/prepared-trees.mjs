// Parses the statements of the platform once, at build time: runs a scenario on a bundle whose parser library notes
// what it is asked.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { build } from "esbuild";

const noted = Symbol.for("phoenix-sim.build.parsed");

/** @returns An esbuild plugin that puts the trees in their place in the sources. */
export async function prepareTrees() {
  const trees = await treesOfPlatform();
  return {
    name: "prepared-trees",
    setup({ onLoad }) {
      onLoad({ filter: /[\\/]sim[\\/]postgres[\\/]sql[\\/]prepared-trees\.ts$/ }, () => ({
        contents: `export const preparedTrees = new Map(${JSON.stringify([...trees])});`,
      }));
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
    const { runScenario, scenarioNamed } = await import(pathToFileURL(outfile).href);
    const { ok, error } = await runScenario(scenarioNamed("lifecycle"), { seed: 1 });
    if (!ok) throw error;
  } finally {
    delete globalThis[noted];
    rmSync(folder, { recursive: true, force: true });
  }
  return trees;
}

const notingParser = {
  name: "noting-parser",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]sim[\\/]load-package\.ts$/ }, () => ({
      contents: `
        import { createRequire } from "node:module";
        const load = createRequire(import.meta.url);
        export function loadPackage(name) {
          const loaded = load(name);
          if (name !== "pgsql-ast-parser") return loaded;
          const parse = (text) => {
            const parsed = loaded.parse(text);
            globalThis[Symbol.for("phoenix-sim.build.parsed")]?.(text, parsed);
            return parsed;
          };
          return { ...loaded, parse };
        }`,
    }));
  },
};
