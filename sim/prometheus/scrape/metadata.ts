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

/** Takes in what a metadata line says. */
export function addMetadata(
  metadata: MetadataByFamily,
  what: "HELP" | "TYPE" | "UNIT",
  family: string,
  text: string,
): void {
  const known = metadata.get(family) ?? { type: "unknown", help: "", unit: "" };
  metadata.set(family, known);
  if (what === "TYPE") known.type = text === "untyped" ? "unknown" : text;
  else if (what === "UNIT") known.unit = text;
  else known.help = text.replace(/\\([n\\"])/g, (_, letter: string) => (letter === "n" ? "\n" : letter));
}
