// Builds dist/: bundles with every dependency inside, and type declarations beside them.
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { build } from "esbuild";

rmSync("dist", { recursive: true, force: true });

const result = await build({
  entryPoints: {
    index: "sim/index.ts",
    vitest: "sim/vitest.ts",
    "fast-check": "sim/fast-check.ts",
    cli: "sim/cli/bin.ts",
    "explore-worker": "sim/cli/explore-worker.ts",
    // The pool of threads starts this file, which it looks for beside itself.
    "entry/worker": "node_modules/tinypool/dist/entry/worker.js",
  },
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  external: ["vitest", "fast-check"],
  legalComments: "linked",
  // Without the texts of the sources: enough to name a line of them.
  sourcemap: true,
  sourcesContent: false,
  logLevel: "warning",
  metafile: true,
  // Bundled CommonJS packages call require for Node's own modules.
  banner: {
    js: 'import { createRequire as createRequireOfBundle } from "node:module"; const require = createRequireOfBundle(import.meta.url);',
  },
});

const bytes = Object.values(result.metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
execFileSync("node", ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], { stdio: "inherit" });
console.error(`dist: ${(bytes / 2 ** 20).toFixed(1)} MiB`);
