// Bundles of the packages that sim/load-package.ts loads when a world first needs them. Each lies where Node looks for a
// package of its name, and holds the modules of it that are asked for.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { build } from "esbuild";

const modulesOf = {
  fengari: ["fengari", "fengari/src/lobject.js", "fengari/src/lstring.js"],
  "ioredis-mock": ["ioredis-mock"],
  "pg-mem": ["pg-mem"],
  "pgsql-ast-parser": ["pgsql-ast-parser"],
};

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
  }
  return { outputs };
}

function text(value) {
  return JSON.stringify(value);
}
