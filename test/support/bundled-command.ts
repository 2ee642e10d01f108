/** The command line as one file, for tests that start it as a process of its own. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const root = fileURLToPath(new URL("../../", import.meta.url));

export interface BundledCommand {
  /** Run it with Node. */
  readonly file: string;
  remove(): void;
}

/** Bundles it from its sources. It lies inside node_modules, so that its packages are found. */
export async function bundleCommand(): Promise<BundledCommand> {
  const folder = join(root, "node_modules/.cache", `command-${process.pid}-${performance.now()}`);
  const file = join(folder, "cli.js");
  await build({
    entryPoints: {
      cli: join(root, "sim/cli/bin.ts"),
      "explore-worker": join(root, "sim/cli/explore-worker.ts"),
    },
    outdir: folder,
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
    // Findings name lines of the sources.
    sourcemap: true,
  });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  return { file, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
