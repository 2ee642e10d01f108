/** Nodes as plain values, for readers that convert texts themselves. */
import { mergedEntries } from "./merge-keys.js";
import type { YamlNode } from "./yaml-node.js";

/** @returns Objects, arrays, texts and, for nothing at all, null. */
export function plainOf(node: YamlNode | undefined): unknown {
  if (node === undefined) return null;
  if (node.kind === "sequence") return node.items.map(plainOf);
  if (node.kind === "scalar") return node.tag === "!!null" ? null : node.text;
  return Object.fromEntries(
    mergedEntries(node.entries, 3).map(({ key, value }) => [
      key.kind === "scalar" ? key.text : JSON.stringify(plainOf(key)),
      plainOf(value),
    ]),
  );
}
