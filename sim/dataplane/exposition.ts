/** Writes samples as Prometheus text, version 0.0.4. */
import type { ExporterConfig } from "./collector-config.js";
import { metricTable } from "./metric-table.js";
import { createRotatingMemo } from "./rotating-memo.js";
import { valueAt, type Sample } from "./sample.js";

/** Content type of the text. */
export const expositionContentType = "text/plain; version=0.0.4; charset=utf-8";

export interface RenderedSamples {
  readonly text: string;
  /** Series written. */
  readonly seriesCount: number;
  /** Processes and groups written. */
  readonly sampleCount: number;
}

export interface SampleRenderer {
  render(samples: readonly Sample[]): RenderedSamples;
}

const headers = metricTable.map(
  ({ family, type, help }) =>
    (prefix: string): string =>
      `# HELP ${prefix}${family} ${help}\n# TYPE ${prefix}${family} ${type}\n`,
);

/** Builds a renderer that remembers each sample's labels; they are most of the text. */
export function createSampleRenderer({
  prefix,
  constLabels,
  attributesAsLabels,
}: ExporterConfig): SampleRenderer {
  const labelTexts = createRotatingMemo<Sample, string>(16);
  const makeLabels = ({ attributes }: Sample): string =>
    labelText({ ...(attributesAsLabels && attributes), ...constLabels }, Object.keys(constLabels));
  const families = metricTable.map(({ family }) => prefix + family);
  const headerTexts = headers.map((header) => header(prefix));

  return {
    render: (samples) => {
      // Two samples with the same labels would be one series twice; the first wins.
      const byLabels = new Map<string, Sample>();
      for (const sample of samples) {
        const labels = labelTexts.get(sample, makeLabels);
        if (!byLabels.has(labels)) byLabels.set(labels, sample);
      }
      labelTexts.endRound();
      let text = "";
      let seriesCount = 0;
      for (const [index, family] of families.entries()) {
        let lines = "";
        for (const [labels, { values, metrics }] of byLabels) {
          if ((metrics & (1 << index)) === 0) continue;
          lines += family + labels + valueAt(values, index) + "\n";
          seriesCount += 1;
        }
        if (lines !== "") text += (headerTexts[index] ?? "") + lines;
      }
      return { text, seriesCount, sampleCount: byLabels.size };
    },
  };
}

/** Labels in braces, with a blank after them: `firstNames` first, the others in alphabetical order. */
export function labelText(
  labels: Readonly<Record<string, string>>,
  firstNames: readonly string[] = [],
): string {
  const byName = new Map<string, string>();
  for (const name of firstNames) byName.set(labelName(name), labels[name] ?? "");
  const others = Object.keys(labels).sort((a, b) => (a < b ? -1 : 1));
  for (const name of others)
    if (!byName.has(labelName(name))) byName.set(labelName(name), labels[name] ?? "");
  if (byName.size === 0) return " ";
  const pairs = [...byName].map(([name, value]) => `${name}="${escapeValue(value)}"`);
  return `{${pairs.join(",")}} `;
}

const labelName = (name: string): string => name.replace(/[^A-Za-z0-9_]/g, "_").replace(/^(?=\d)/, "_");

const escapeValue = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
