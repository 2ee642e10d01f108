/** The nodes an experiment runs on, in every form clients send. */
import { isPlainObject } from "../shared/index.js";

/** Nodes when a request names none. */
export const defaultTargetNodes: readonly string[] = ["node1"];

/** Most nodes of one experiment. */
export const targetNodesMax = 100;

// Names become host names in URLs.
const nodeName = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i;

/**
 * Reads a list of names, a map whose keys are names, `{specific_hosts: [...]}`, or
 * `{selector: {"kubernetes.io/hostname": name}}`.
 *
 * @returns The names without repetition in their first order, or a text saying what is wrong.
 */
export function normalizeNodes(value: unknown): string[] | string {
  const names = namesOf(value);
  if (typeof names === "string") return names;
  const wrong = names.find((name) => typeof name !== "string" || !nodeName.test(name));
  if (wrong !== undefined) return `${JSON.stringify(wrong)} is not a node name`;
  const unique = [...new Set(names as string[])];
  if (unique.length === 0) return "must name at least one node";
  return unique.length > targetNodesMax ? `must name at most ${targetNodesMax} nodes` : unique;
}

function namesOf(value: unknown): unknown[] | string {
  if (Array.isArray(value)) return value;
  if (!isPlainObject(value)) return "must be a list of node names";
  const hosts = value["specific_hosts"] ?? value["specificHosts"];
  if (Array.isArray(hosts)) return hosts;
  if ("percentage" in value)
    return "a percentage needs specific_hosts beside it: the nodes are not enumerable";
  const selector = value["selector"];
  if (selector === undefined) return Object.keys(value);
  const labels = isPlainObject(selector) ? (selector["matchLabels"] ?? selector) : undefined;
  const host = isPlainObject(labels) ? labels["kubernetes.io/hostname"] : undefined;
  if (typeof host === "string") return [host];
  return `a selector can only name one node by "kubernetes.io/hostname"; list node names instead`;
}
