/** Writes samples as Prometheus text, version 0.0.4. */
import type { ExporterConfig } from "./collector-config.js";
import { metricTable, valueAt, type Sample } from "./metrics.js";
import { createRotatingMemo } from "./rotating-memo.js";

/** Content type of the text. */
export const expositionContentType = "text/plain; version=0.0.4; charset=utf-8";

interface RenderedSamples {
  /** Series written. */
  readonly seriesCount: number;
  /** Processes and groups written. */
  readonly sampleCount: number;
}

export interface SampleRenderer {
  /** Appends pieces of text to `parts`. Each line but the first begins with its line break. */
  render(samples: readonly Sample[], parts: string[]): RenderedSamples;
}

/** Builds a renderer that remembers each sample's labels; they are most of the text. */
export function createSampleRenderer({
  prefix,
  constLabels,
  attributesAsLabels,
}: ExporterConfig): SampleRenderer {
  const labelTexts = createRotatingMemo<Sample, string>(16);
  const makeLabels = ({ attributes }: Sample): string =>
    labelText(constLabels, attributesAsLabels ? attributes : {});
  const families = metricTable.map(({ family, type, help }) => ({
    header: `# HELP ${prefix}${family} ${help}\n# TYPE ${prefix}${family} ${type}`,
    lineStart: `\n${prefix}${family}`,
  }));

  return {
    render: (samples, parts) => {
      // Two samples with the same labels would be one series twice; the first wins.
      const byLabels = new Map<string, Sample>();
      for (const sample of samples) {
        const labels = labelTexts.get(sample, makeLabels);
        if (!byLabels.has(labels)) byLabels.set(labels, sample);
      }
      labelTexts.endRound();
      let seriesCount = 0;
      for (const [index, { header, lineStart }] of families.entries()) {
        const seriesBefore = seriesCount;
        const headerAt = parts.push("") - 1;
        for (const [labels, { values, metrics }] of byLabels) {
          if ((metrics & (1 << index)) === 0) continue;
          parts.push(lineStart, labels, String(valueAt(values, index)));
          seriesCount += 1;
        }
        if (seriesCount > seriesBefore) parts[headerAt] = seriesBefore === 0 ? header : `\n${header}`;
      }
      return { seriesCount, sampleCount: byLabels.size };
    },
  };
}

/**
 * Labels in braces, with a blank after them.
 *
 * @param first - Come first, in their order, and win over `others` of the same name.
 * @param others - Come after them, in alphabetical order.
 */
export function labelText(
  first: Readonly<Record<string, string>>,
  others: Readonly<Record<string, string>> = {},
): string {
  const written = new Set<string>();
  const pairs: string[] = [];
  const write = (key: string, value: string): void => {
    const name = labelName(key);
    if (written.has(name)) return;
    written.add(name);
    pairs.push(`${name}="${escapeValue(value)}"`);
  };
  for (const key of Object.keys(first)) write(key, first[key] ?? "");
  for (const key of Object.keys(others).sort(byCodeUnit)) write(key, others[key] ?? "");
  // Joining gives one flat text; what is put together with + is copied piece by piece at every use.
  return pairs.length === 0 ? " " : ["{", pairs.join(","), "} "].join("");
}

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : 1);

const labelName = (name: string): string =>
  /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : name.replace(/[^A-Za-z0-9_]/g, "_").replace(/^(?=\d)/, "_");

const escapeValue = (value: string): string =>
  /[\\"\n]/.test(value)
    ? value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")
    : value;
