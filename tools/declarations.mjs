// Rolls the type declarations of each entry up into one file beside it; what entries share is in files of its own,
// so that a type of one entry is the same type in another.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { dts } from "rolldown-plugin-dts";

const { exports: entries, peerDependencies } = JSON.parse(readFileSync("package.json", "utf8"));

/** Packages whose types are taken where a project has them; elsewhere they are `any`. */
const whereInstalled = new Set(["undici", "msw"]);

/** @param folder - Gets a file of declarations for each entry of package.json, named as that says. */
export async function writeDeclarations(folder) {
  const sources = mkdtempSync(join(tmpdir(), "phoenix-sim-types-"));
  try {
    const compiler = "node_modules/typescript/bin/tsc";
    execFileSync("node", [compiler, "-p", "tsconfig.build.json", "--outDir", sources], { stdio: "inherit" });
    const input = Object.values(entries)
      .flatMap(({ types }) => (types === undefined ? [] : [/([^/]+)\.d\.ts$/.exec(types)[1]]))
      .map((name) => [name, join(sources, "sim", name === "index" ? "index.d.ts" : `${name}/index.d.ts`)]);
    const bundle = await rolldown({
      input: Object.fromEntries(input),
      // Declarations of the sources only: what others declare stays with them.
      external: /^[^./]/,
      checks: { pluginTimings: false },
      treeshake: { moduleSideEffects: false },
      plugins: [dts({ dtsOnly: true, oxc: true, tsconfig: false })],
    });
    const { output } = await bundle.write({
      dir: folder,
      entryFileNames: "[name].d.ts",
      chunkFileNames: "types/[name]-[hash].d.ts",
    });
    await bundle.close();
    for (const { fileName, code } of output)
      writeFileSync(join(folder, fileName), withOptionalImports(withoutPlaces(code), fileName));
  } finally {
    rmSync(sources, { recursive: true, force: true });
  }
}

/** Takes out the comments that say from which file of the temporary folder a part came. */
function withoutPlaces(code) {
  return code.replaceAll(/^\/\/ \S*phoenix-sim-types-\S*\n/gm, "");
}

/**
 * Lets the types of packages that a project may lack be `any` there, without an error.
 *
 * @throws When the declarations name a package that neither Node nor the entry's own peer is.
 */
function withOptionalImports(code, fileName) {
  return code.replaceAll(/^import [^;]*? from "([^"]+)";$/gm, (line, from) => {
    if (from.startsWith(".") || from.startsWith("node:")) return line;
    if (fileName === `${from}.d.ts` && from in peerDependencies) return line;
    if (whereInstalled.has(from))
      return `// @ts-ignore: a project may have no ${from}; the types are any, then.\n${line}`;
    throw new Error(`${fileName} names ${from}, which users of the package need not have: ${line}`);
  });
}
