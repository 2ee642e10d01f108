/**
 * Packages that few worlds need, loaded at once when the first one does: a world cannot wait for an import.
 *
 * In the published package they are bundles of their own, see tools/build.mjs.
 */
import { createRequire } from "node:module";

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

/** @returns The path of a file of such a package. */
export function packageFile(name: "libpg-query/wasm/libpg-query.wasm"): string {
  return require.resolve(name);
}
