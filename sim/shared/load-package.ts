/**
 * Packages that few worlds need, loaded at once when the first one does: a world cannot wait for an import.
 *
 * In the published package they are bundles of their own, see tools/build.mjs.
 */
import { createRequire } from "node:module";
import path from "node:path";

import { SimError } from "../errors.js";

const require = createRequire(import.meta.url);

type RarePackage =
  | "fengari"
  | "fengari/src/ldebug.js"
  | "fengari/src/lobject.js"
  | "fengari/src/lstring.js"
  | "fengari/src/ltable.js"
  | "libpg-query/wasm/libpg-query.js";

/** @returns What a CommonJS package exports. Its type is given by the caller. */
export function loadPackage(name: RarePackage): unknown {
  return require(name) as unknown;
}

/**
 * A package of the project that uses this one: its own copy, also when this package is linked into it and has another.
 *
 * @throws SimError `SIM_MOCK_MISSING` when there is none.
 */
export function loadPeer(name: "ioredis-mock" | "pg-mem"): unknown {
  for (const place of [path.join(process.cwd(), "package.json"), import.meta.url]) {
    try {
      return createRequire(place)(name) as unknown;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    }
  }
  throw new SimError(
    "SIM_MOCK_MISSING",
    `The package ${name} is not installed.`,
    `Install it: npm install --save-dev ${name}`,
  );
}

/** @returns The path of a file of such a package. */
export function packageFile(name: "libpg-query/wasm/libpg-query.wasm"): string {
  return require.resolve(name);
}
