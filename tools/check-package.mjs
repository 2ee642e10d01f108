// Packs the package, installs the tarball in an empty project, and uses it there as a stranger would.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const run = (command, args, options = {}) =>
  execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], ...options });

run("npm", ["run", "--silent", "build"]);
const folder = mkdtempSync(join(tmpdir(), "phoenix-sim-package-"));
try {
  const [packed] = JSON.parse(run("npm", ["pack", "--json", "--pack-destination", folder]));
  const tarball = join(folder, packed.filename);
  console.log(`${packed.filename}: ${packed.files.length} files, ${(packed.size / 2 ** 20).toFixed(1)} MiB`);

  run("npx", ["publint", "--strict", tarball], { stdio: "inherit" });
  run("npx", ["attw", "--profile", "esm-only", tarball], { stdio: "inherit" });

  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  run("npm", ["install", "--silent", "--omit=peer", "--no-package-lock", tarball], { cwd: folder });
  writeFileSync(join(folder, "use.mjs"), readFileSync("test/package/use.mjs"));
  run("node", ["use.mjs"], { cwd: folder, stdio: "inherit" });
  run(join(folder, "node_modules/.bin/phoenix-sim"), ["run", "lifecycle"], { cwd: folder, stdio: "inherit" });
  // Threads start from files of their own, which must be in the package.
  const explore = ["explore", "--runs", "4", "--workers", "2"];
  run(join(folder, "node_modules/.bin/phoenix-sim"), explore, { cwd: folder, stdio: "inherit" });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
