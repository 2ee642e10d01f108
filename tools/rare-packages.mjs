// Bundles of the packages that sim/shared/load-package.ts loads when a world first needs them. Each lies where Node looks for a
// package of its name, and holds the modules of it that are asked for.
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { build } from "esbuild";

const modulesOf = {
  fengari: ["fengari", ...["ldebug", "lobject", "lstring", "ltable"].map((name) => `fengari/src/${name}.js`)],
  "libpg-query": ["libpg-query/wasm/libpg-query.js"],
};

/** What such a package reads as it is. */
const filesOf = { "libpg-query": ["wasm/libpg-query.wasm"] };

/** @throws When a bundle holds a copy of its own of what is loaded when it is needed: two copies know nothing of each other. */
export function refuseCopies({ inputs }) {
  const rare = Object.keys(modulesOf).map((name) => `node_modules/${name}/`);
  const copied = Object.keys(inputs).find((file) => rare.some((folder) => file.startsWith(folder)));
  if (copied !== undefined) throw new Error(`${copied} is imported: load it by loadPackage instead`);
}

/** @returns The metafile of what was written below `folder`, a folder called node_modules. */
export async function writeRarePackages(folder) {
  const outputs = {};
  for (const [name, modules] of Object.entries(modulesOf)) {
    const place = join(folder, name);
    const bundle = join(place, "bundle.cjs");
    const { metafile } = await build({
      // Read by a getter each, so that nothing is evaluated before it is asked for.
      stdin: {
        contents: modules
          .map(
            (module) =>
              `Object.defineProperty(exports, ${text(module)}, { get: () => require(${text(module)}) });`,
          )
          .join("\n"),
        resolveDir: ".",
      },
      outfile: bundle,
      external: Object.keys(modulesOf).filter((other) => other !== name),
      bundle: true,
      minify: true,
      keepNames: true,
      format: "cjs",
      platform: "node",
      target: "node20",
      legalComments: "none",
      logLevel: "warning",
      metafile: true,
    });
    Object.assign(outputs, metafile.outputs);
    writeFileSync(
      join(place, "package.json"),
      `${JSON.stringify({ name, private: true, main: "index.js" })}\n`,
    );
    for (const module of modules) {
      const file = module === name ? join(place, "index.js") : join(folder, module);
      mkdirSync(dirname(file), { recursive: true });
      const from = `./${relative(dirname(file), bundle)}`;
      writeFileSync(file, `module.exports = require(${text(from)})[${text(module)}];\n`);
    }
    for (const file of filesOf[name] ?? []) {
      mkdirSync(dirname(join(place, file)), { recursive: true });
      copyFileSync(join("node_modules", name, file), join(place, file));
    }
  }
  return { outputs };
}

function text(value) {
  return JSON.stringify(value);
}
