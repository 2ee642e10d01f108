/** Finding the host behind an address, and the nearest one to a wrong address. */
import { SimError } from "../errors.js";
import type { Fabric } from "../network/index.js";

/**
 * @param url - Absolute; its host part is a host or service name of the world.
 * @throws SimError `SIM_ROUTE_UNKNOWN` naming the nearest address, when no simulated host has that name.
 */
export function requireRoute(fabric: Fabric, url: URL): void {
  const { hostname } = url;
  if (fabric.resolve(hostname).length > 0) return;
  const names = fabric.names();
  const nearest = nearestOf(hostname, names);
  throw new SimError(
    "SIM_ROUTE_UNKNOWN",
    `Cannot reach ${url.origin}: no simulated host is called "${hostname}".`,
    nearest === undefined
      ? "This world has no hosts yet."
      : `The nearest is ${url.protocol}//${nearest}${url.port === "" ? "" : `:${url.port}`}. This world has: ${names.join(", ")}.`,
  );
}

/** @returns The name with the smallest edit distance to `name`; the first of several. */
function nearestOf(name: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of names) {
    const distance = editDistance(name, candidate);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

// Levenshtein's distance, row by row.
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
