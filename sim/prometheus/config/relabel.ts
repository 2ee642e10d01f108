/** Relabelling: rules that change, keep or drop label sets, for targets and for samples. */
import { createHash } from "node:crypto";
import { labelsOf, type AnchoredRegExp, type Labels } from "../labels/index.js";
import { expandTemplate } from "../promql/index.js";

/** What a rule does. */
export type RelabelAction =
  | "replace"
  | "keep"
  | "drop"
  | "keepequal"
  | "dropequal"
  | "hashmod"
  | "labelmap"
  | "labeldrop"
  | "labelkeep"
  | "lowercase"
  | "uppercase";

/** One rule, complete. */
export interface RelabelRule {
  readonly action: RelabelAction;
  readonly sourceLabels: readonly string[];
  readonly separator: string;
  readonly regex: AnchoredRegExp;
  readonly modulus: number;
  readonly targetLabel: string;
  readonly replacement: string;
}

/** Applies rules in order. @returns Undefined when a rule drops the set. */
export function relabel(labels: Labels, rules: readonly RelabelRule[]): Labels | undefined {
  if (rules.length === 0) return labels;
  const current = new Map<string, string>(labels.entries());
  for (const rule of rules) {
    if (!applyRule(current, rule)) return undefined;
  }
  return labelsOf(current);
}

function applyRule(labels: Map<string, string>, rule: RelabelRule): boolean {
  const source = rule.sourceLabels.map((name) => labels.get(name) ?? "").join(rule.separator);
  switch (rule.action) {
    case "keep":
      return rule.regex.test(source);
    case "drop":
      return !rule.regex.test(source);
    case "keepequal":
      return (labels.get(rule.targetLabel) ?? "") === source;
    case "dropequal":
      return (labels.get(rule.targetLabel) ?? "") !== source;
    case "lowercase":
      labels.set(rule.targetLabel, source.toLowerCase());
      return true;
    case "uppercase":
      labels.set(rule.targetLabel, source.toUpperCase());
      return true;
    case "hashmod":
      labels.set(rule.targetLabel, String(hashModulo(source, rule.modulus)));
      return true;
    case "labelmap":
    case "labeldrop":
    case "labelkeep":
      changeNames(labels, rule);
      return true;
    case "replace":
    default:
      replace(labels, rule, source);
      return true;
  }
}

function replace(labels: Map<string, string>, rule: RelabelRule, source: string): void {
  const groups = rule.regex.groups(source);
  if (groups === undefined) return;
  const target = expandTemplate(rule.targetLabel, groups, rule.regex.names);
  if (target === "") return;
  const value = expandTemplate(rule.replacement, groups, rule.regex.names);
  if (value === "") labels.delete(target);
  else labels.set(target, value);
}

function changeNames(labels: Map<string, string>, { action, regex, replacement }: RelabelRule): void {
  for (const [name, value] of Array.from(labels)) {
    const groups = regex.groups(name);
    if (action === "labelmap") {
      if (groups !== undefined) labels.set(expandTemplate(replacement, groups, regex.names), value);
    } else if ((groups !== undefined) === (action === "labeldrop")) labels.delete(name);
  }
}

/** The last eight bytes of the MD5 sum, as the server takes them. */
function hashModulo(text: string, modulus: number): bigint {
  return createHash("md5").update(text).digest().readBigUInt64BE(8) % BigInt(modulus);
}
