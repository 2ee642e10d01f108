#!/usr/bin/env node
/** Runs one TypeScript file: bundles it into node_modules/.cache and imports the bundle. */
import { rmSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { createHash } from "node:crypto";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const [entry, ...args] = process.argv.slice(2);
if (entry === undefined) {
  console.error("usage: node tools/run-ts.mjs <file.ts> [arguments]");
  process.exit(2);
}

const source = path.resolve(entry);
const name = `${path.basename(entry, ".ts")}-${createHash("sha1").update(source).digest("hex").slice(0, 8)}-${process.pid}.mjs`;
const cache = path.join(root, "node_modules", ".cache", "run-ts");
const outfile = path.join(cache, name);
await mkdir(cache, { recursive: true });
await build({
  entryPoints: [source],
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  packages: "external",
  sourcemap: "inline",
  logLevel: "warning",
});
process.on("exit", () => rmSync(outfile, { force: true }));
process.argv = [process.argv[0], source, ...args];
// Stacks name the sources.
process.setSourceMapsEnabled(true);
await import(pathToFileURL(outfile).href);
