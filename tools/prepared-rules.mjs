// Reads the platform's rule files once, at build time, and puts what was read in its place in the sources.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

const place = "const preparedRuleFiles: ReadonlyMap<string, string> = new Map();";

/** @returns An esbuild plugin. */
export async function prepareRules() {
  const prepared = await readPlatformRules();
  return {
    name: "prepared-rules",
    setup({ onLoad, onEnd }) {
      let isPlaced = false;
      onLoad({ filter: /[\\/]prometheus[\\/]rules[\\/]rule-file\.ts$/ }, async ({ path }) => {
        const [before, after, ...more] = (await readFile(path, "utf8")).split(place);
        if (after === undefined || more.length > 0) throw new Error(`${path} has not "${place}" once`);
        isPlaced = true;
        // On the same line, so that the lines of what follows stay the same.
        const files = `const preparedRuleFiles: ReadonlyMap<string, string> = new Map(${JSON.stringify(prepared)});`;
        return { contents: `${before}${files}${after}`, loader: "ts" };
      });
      onEnd(() => {
        if (!isPlaced)
          throw new Error("the prepared rules are in no module: where is the reader of rule files?");
      });
    },
  };
}

async function readPlatformRules() {
  mkdirSync("node_modules/.cache", { recursive: true });
  const folder = mkdtempSync(resolve("node_modules/.cache/build-"));
  const outfile = join(folder, "rules.mjs");
  try {
    await build({
      stdin: {
        contents: `
          import { platformRules } from "./src/analysis/index.js";
          import { parseRuleFile } from "./sim/servers/prometheus/rules/rule-file.js";
          export const prepared = platformRules.map((file) => [JSON.stringify(file), JSON.stringify(parseRuleFile(file))]);
        `,
        resolveDir: resolve("."),
        loader: "ts",
      },
      outfile,
      bundle: true,
      packages: "external",
      format: "esm",
      platform: "node",
      target: "node20",
      logLevel: "warning",
    });
    const { prepared } = await import(pathToFileURL(outfile).href);
    if (prepared.length === 0) throw new Error("the platform has no rule files");
    return prepared;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
