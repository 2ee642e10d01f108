/** Merge keys: `<<: *anchor` takes in the keys of another mapping. */
import { YamlError } from "./yaml-error.js";
import type { YamlEntry, YamlNode } from "./yaml-node.js";

/** Which of Go's packages reads: rule tests are read by version 2, rule files by version 3. */
export type YamlVersion = 2 | 3;

/**
 * The entries of a mapping with those of its merge keys in their place. Of two with the same key the last one counts.
 *
 * @param version - In version 3 keys of the mapping itself count whatever their place, in version 2 the last ones.
 * @throws YamlError when something is merged that is not a mapping.
 */
export function mergedEntries(entries: readonly YamlEntry[], version: YamlVersion): readonly YamlEntry[] {
  if (!entries.some(isMerge)) return entries;
  const merged = (entry: YamlEntry): readonly YamlEntry[] =>
    mappingsOf(entry.value).flatMap((mapping) => mergedEntries(mapping, version));
  if (version === 2) return entries.flatMap((entry) => (isMerge(entry) ? merged(entry) : [entry]));
  return [...entries.filter(isMerge).flatMap(merged), ...entries.filter((entry) => !isMerge(entry))];
}

function isMerge({ key }: YamlEntry): boolean {
  return key.kind === "scalar" && key.tag === "!!merge";
}

/** The mappings that a merge key names; of several the first one counts most. */
function mappingsOf(value: YamlNode): readonly (readonly YamlEntry[])[] {
  const nodes = value.kind === "sequence" ? [...value.items].reverse() : [value];
  return nodes.map((node) => {
    if (node.kind === "mapping") return node.entries;
    const message = "map merge requires map or sequence of maps as the value";
    throw new YamlError(`yaml: ${message}`, [{ message, place: node.place }]);
  });
}
