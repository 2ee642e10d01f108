// Packs the package, installs the tarball in projects of their own, and uses it there as strangers would: without the
// optional peers and with them, installed and linked, from ES modules, CommonJS and strict TypeScript.
import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";

import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const { devDependencies: versions } = JSON.parse(readFileSync("package.json", "utf8"));
const folder = mkdtempSync(join(tmpdir(), "phoenix-sim-package-"));

const run = (command, args, options = {}) =>
  execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], ...options });

run("npm", ["run", "--silent", "build"]);
try {
  const [packed] = JSON.parse(
    run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder]),
  );
  const tarball = join(folder, packed.filename);
  const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  console.log(
    `${packed.filename}: ${packed.files.length} files, ${mebibytes(packed.size)}, unpacked ${mebibytes(packed.unpackedSize)}`,
  );
  run("npx", ["publint", "--strict", tarball], { stdio: "inherit" });
  run("npx", ["attw", "--profile", "esm-only", tarball], { stdio: "inherit" });

  const compilers = { "typescript-5.9": "npm:typescript@5.9", typescript: versions.typescript };
  const plain = project("plain", {
    "phoenix-sim": tarball,
    "@types/node": versions["@types/node"],
    ...compilers,
  });
  checkNotices(join(plain, "node_modules/phoenix-sim/dist"));
  compile(plain, "types/main.ts", Object.keys(compilers));
  use(plain, "node", ["main-entry.mjs"]);
  use(plain, "node", ["commonjs.cjs"]);
  const command = join(plain, "node_modules/.bin/phoenix-sim");
  use(plain, command, ["run", "lifecycle"]);
  // Threads start from files of their own, which must be in the package.
  use(plain, command, ["explore", "--runs", "4", "--workers", "2"]);

  const peers = {
    vitest: versions.vitest,
    "fast-check": versions["fast-check"],
    "ioredis-mock": versions["ioredis-mock"],
    // A peer of ioredis-mock, which whoever uses it has.
    ioredis: versions.ioredis,
    "pg-mem": versions["pg-mem"],
  };
  const newest = { msw: versions.msw, "@types/node": "latest", ...compilers };
  const withPeers = project("with-peers", { "phoenix-sim": tarball, ...peers, ...newest });
  compile(withPeers, "types/main.ts", Object.keys(compilers));
  compile(withPeers, "types/peers.ts", Object.keys(compilers));
  use(withPeers, "node", ["main-entry.mjs"]);
  use(withPeers, "npx", ["vitest", "run", "peer-entries"]);

  const linked = project("linked", peers);
  symlinkSync(resolve("."), join(linked, "node_modules/phoenix-sim"), "dir");
  use(linked, "npx", ["vitest", "run", "peer-entries"]);

  const jest = project("jest", { "phoenix-sim": tarball, jest: "30" });
  run("npx", ["jest", "jest.esm"], {
    cwd: jest,
    stdio: "inherit",
    env: { ...process.env, NODE_OPTIONS: "--experimental-vm-modules" },
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Makes a project with these packages and the files of test/package. @returns Its folder. */
function project(name, packages) {
  const place = join(folder, name);
  mkdirSync(place);
  writeFileSync(join(place, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const wanted = Object.entries(packages).map(([key, at]) => (at.startsWith("/") ? at : `${key}@${at}`));
  run(
    "npm",
    ["install", "--silent", "--no-audit", "--no-fund", "--omit=peer", "--no-package-lock", ...wanted],
    {
      cwd: place,
    },
  );
  cpSync("test/package", place, { recursive: true });
  return place;
}

function use(place, file, args) {
  run(file, args, { cwd: place, stdio: "inherit" });
}

/** Compiles strictly, libraries too, with each compiler and resolution, with the types of browsers and without. */
function compile(place, file, compilers) {
  const node = ["esnext"];
  for (const compiler of compilers) {
    for (const [moduleResolution, module] of [
      ["nodenext", "nodenext"],
      ["bundler", "esnext"],
    ]) {
      for (const lib of [node, [...node, "dom", "dom.iterable"]]) {
        const compilerOptions = {
          strict: true,
          exactOptionalPropertyTypes: true,
          noUncheckedIndexedAccess: true,
          skipLibCheck: false,
          noEmit: true,
          target: "es2022",
          types: ["node"],
          module,
          moduleResolution,
          lib,
        };
        writeFileSync(join(place, "tsconfig.json"), JSON.stringify({ compilerOptions, files: [file] }));
        use(place, "node", [join("node_modules", compiler, "bin/tsc"), "-p", "."]);
        console.log(`${file} compiles with ${compiler}, ${moduleResolution}, ${lib.join(" ")}`);
      }
    }
  }
}

/** @throws When a bundle says that code comes from a package of which the notices say nothing. */
function checkNotices(dist) {
  const notices = readFileSync(join(dist, "THIRD-PARTY-NOTICES.txt"), "utf8");
  const bundles = readdirSync(dist, { recursive: true }).filter((name) => name.endsWith(".js"));
  const names = bundles.flatMap((name) =>
    [...readFileSync(join(dist, name), "utf8").matchAll(/^\s*\/\/ (node_modules\/\S+)/gm)].map(
      ([, file]) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)[1],
    ),
  );
  const missing = [...new Set(names)].filter((name) => !notices.includes(`\n${name} `));
  if (names.length === 0 || missing.length > 0)
    throw new Error(`no notice of ${missing.join(", ") || "anything"}`);
  console.log(`notices of ${new Set(names).size} packages`);
}
