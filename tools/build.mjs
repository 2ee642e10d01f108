// Builds dist/: bundles with every dependency inside, one file of declarations for each entry, and the notices of all
// that is bundled.
//
// The entries are small and lie in dist; what they share lies below a folder called node_modules. Vitest transforms
// what lies in no such folder, and that is where a linked package (npm link, a workspace) really lies: transforming
// the entries takes no time, transforming everything takes seconds. The entries themselves stay outside, so that a
// linked phoenix-sim/vitest gets the copy of vitest that runs the tests.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

import { writeDeclarations } from "./declarations.mjs";
import { writeNotices } from "./notices.mjs";
import { prepareRules } from "./prepared-rules.mjs";
import { prepareTrees } from "./prepared-trees.mjs";
import { refuseCopies, writeRarePackages } from "./rare-packages.mjs";

const parts = "node_modules/phoenix-sim-parts";

rmSync("dist", { recursive: true, force: true });

// Messages of zod in the languages of the world: nobody sees them, and each is evaluated at every start.
const englishOnly = {
  name: "english-only",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: 'export { default as en } from "./en.js";',
    }));
  },
};

const { metafile } = await build({
  plugins: [await prepareTrees(), await prepareRules(), englishOnly],
  entryPoints: {
    index: "sim/index.ts",
    vitest: "sim/vitest/index.ts",
    "fast-check": "sim/fast-check/index.ts",
    "ioredis-mock": "sim/ioredis-mock/index.ts",
    "pg-mem": "sim/pg-mem/index.ts",
    cli: "sim/cli/bin.ts",
    [`${parts}/explore-worker`]: "sim/cli/explore-worker.ts",
    // The pool of threads starts this file, which it looks for beside itself.
    [`${parts}/entry/worker`]: "node_modules/tinypool/dist/entry/worker.js",
  },
  outdir: "dist",
  chunkNames: `${parts}/[name]-[hash]`,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  external: ["vitest", "fast-check", "ioredis-mock", "pg-mem"],
  legalComments: "none",
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

// Node looks for the type of a module no further up than the folder node_modules.
mkdirSync(`dist/${parts}`, { recursive: true });
writeFileSync(
  `dist/${parts}/package.json`,
  `${JSON.stringify({ private: true, type: "module", sideEffects: false })}\n`,
);

refuseCopies(metafile);
const rare = await writeRarePackages("dist/node_modules");
const outputs = { ...metafile.outputs, ...rare.outputs };
writeNotices({ outputs }, "dist/THIRD-PARTY-NOTICES.txt");
await writeDeclarations("dist");
const bytes = Object.values(outputs).reduce((sum, output) => sum + output.bytes, 0);
console.error(`dist: ${(bytes / 2 ** 20).toFixed(1)} MiB`);
