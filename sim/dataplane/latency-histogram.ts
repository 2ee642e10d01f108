/** A classic Prometheus histogram of how long batches take. */
import { labelText } from "./exposition.js";

export interface LatencyHistogram {
  observe(seconds: number): void;
  reset(): void;
  text(): string;
}

/** Upper bounds in seconds; a last bucket takes the rest. */
const bounds = [0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 1];

export function createLatencyHistogram(
  name: string,
  help: string,
  labels: Readonly<Record<string, string>>,
): LatencyHistogram {
  const own = labelText(labels);
  const bucketLabels = [...bounds.map(String), "+Inf"].map((le) => labelText(labels, { le }));
  const buckets = new Float64Array(bucketLabels.length);
  let count = 0;
  let sumSeconds = 0;
  return {
    observe: (seconds) => {
      const bucket = bounds.findIndex((bound) => seconds <= bound);
      const index = bucket === -1 ? bounds.length : bucket;
      buckets[index] = (buckets[index] ?? 0) + 1;
      count += 1;
      sumSeconds += seconds;
    },
    reset: () => {
      buckets.fill(0);
      count = 0;
      sumSeconds = 0;
    },
    text: () => {
      let text = `# HELP ${name} ${help}\n# TYPE ${name} histogram\n`;
      let cumulated = 0;
      for (const [index, label] of bucketLabels.entries()) {
        cumulated += buckets[index] ?? 0;
        text += `${name}_bucket${label}${cumulated}\n`;
      }
      const sum = Math.round(sumSeconds * 1e9) / 1e9;
      return `${text}${name}_sum${own}${sum}\n${name}_count${own}${count}\n`;
    },
  };
}
