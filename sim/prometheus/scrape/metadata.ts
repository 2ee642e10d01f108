/** What HELP, TYPE and UNIT lines say about the metrics of a target. */

export interface MetricMetadata {
  type: string;
  help: string;
  unit: string;
}

/** By metric family. */
export type MetadataByFamily = Map<string, MetricMetadata>;

/** The type of the family that a sample belongs to, `unknown` when nothing was said. */
export function typeOf(metadata: MetadataByFamily, metric: string): string {
  const family =
    metadata.get(metric) ?? metadata.get(metric.replace(/_(?:bucket|sum|count|total|info|created)$/, ""));
  return family?.type ?? "unknown";
}

/** Reads a comment line. Comments that are no metadata change nothing. */
export function readComment(line: string, metadata: MetadataByFamily): void {
  const found = /^#[ \t]+(HELP|TYPE|UNIT)[ \t]+(?:"((?:[^"\\]|\\.)*)"|(\S+))(?:[ \t](.*))?$/.exec(line);
  if (found === null) return;
  const family = found[2] ?? found[3] ?? "";
  const text = (found[4] ?? "").trim();
  const known = metadata.get(family) ?? { type: "unknown", help: "", unit: "" };
  metadata.set(family, known);
  if (found[1] === "TYPE") known.type = text === "untyped" ? "unknown" : text;
  else if (found[1] === "UNIT") known.unit = text;
  else known.help = text.replace(/\\([n\\"])/g, (_, letter: string) => (letter === "n" ? "\n" : letter));
}
