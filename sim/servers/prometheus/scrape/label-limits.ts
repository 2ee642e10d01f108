/** Limits on the labels of samples; a sample beyond one fails its whole scrape. */
import { goQuote, METRIC_NAME, type Labels } from "../labels.js";
import { ExpositionError } from "./exposition-entry.js";

/** Zero: no limit. Lengths are bytes. */
export interface LabelLimits {
  readonly count: number;
  readonly nameLength: number;
  readonly valueLength: number;
}

/** @returns The labels. @throws ExpositionError for labels beyond a limit, in the words of the server. */
export function withinLimits(labels: Labels, { count, nameLength, valueLength }: LabelLimits): Labels {
  if (count === 0 && nameLength === 0 && valueLength === 0) return labels;
  const metric = `metric: ${labels.get(METRIC_NAME).slice(0, 50)}`;
  const number = labels.pairs.length / 2;
  if (count > 0 && number > count)
    throw new ExpositionError(
      `label_limit exceeded (${metric}, number of labels: ${number}, limit: ${count})`,
    );
  for (const [name, value] of labels.entries()) {
    const label = `label name: ${name.slice(0, 50)}`;
    const [ofName, ofValue] = [Buffer.byteLength(name), Buffer.byteLength(value)];
    if (nameLength > 0 && ofName > nameLength) {
      throw new ExpositionError(
        `label_name_length_limit exceeded (${metric}, ${label}, length: ${ofName}, limit: ${nameLength})`,
      );
    }
    if (valueLength > 0 && ofValue > valueLength) {
      throw new ExpositionError(
        `label_value_length_limit exceeded (${metric}, ${label}, value: ${goQuote(value.slice(0, 50))}, length: ${ofValue}, limit: ${valueLength})`,
      );
    }
  }
  return labels;
}
