/** Where in the sources a failure stands. */
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

const place = /(?:^|[\s(])((?:file:\/\/|node:)?[^\s()]+):(\d+):\d+\)?$/;

/** Where the package lies, as sources or built. */
const home = fileURLToPath(import.meta.url).replace(
  /(?:sim\/explore|dist\/node_modules\/phoenix-sim-parts)\/[^/]*$/,
  "",
);

/** Of the package, what waits, checks and throws on behalf of others: all but services, scenarios and workloads. */
const machinery = /^(?:dist|node_modules|sim\/(?!scenarios\/(?!checks\.)|explore\/workloads\/))/;

/**
 * @param stack - Of an error, with lines of sources where there are maps.
 * @param folder - What paths are told from. @default the current one
 * @returns `file:line` of the first place that is no machinery; undefined when there is none.
 */
export function sourceOf(stack: string, folder = process.cwd()): string | undefined {
  for (const text of stack.split("\n")) {
    const [, at = "", line = ""] = place.exec(text) ?? [];
    if (at === "" || at.startsWith("node:")) continue;
    const path = at.startsWith("file:") ? fileURLToPath(at) : at;
    const ours = path.startsWith(home);
    if (ours ? machinery.test(path.slice(home.length)) : path.includes("/node_modules/")) continue;
    // Sources of an installed package lie nowhere: they are told as the package names them.
    const told = ours ? path.slice(home.length) : relative(folder, path);
    return `${told.startsWith("..") ? path : told}:${line}`;
  }
  return undefined;
}
