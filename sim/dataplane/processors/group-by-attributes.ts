/**
 * `groupbyattrs`: adds up the processes that agree in the listed attributes; only those attributes remain.
 *
 * `keep_individual` is an addition of the platform: processes for which one of its conditions holds pass as they are.
 */
import { z } from "zod";
import { metricTable } from "../metric-table.js";
import { createRotatingMemo } from "../rotating-memo.js";
import { valueAt, type Sample } from "../sample.js";
import { readConfig, type ProcessorKind } from "./processor.js";

const schema = z.strictObject({
  keys: z.array(z.string().min(1)).min(1),
  keep_individual: z.array(z.string()).default([]),
});

// A group or member unseen for so many scrapes begins anew when it comes back.
const forgottenAfterScrapes = 16;

const counters = metricTable.flatMap(({ type }, index) => (type === "counter" ? [index] : []));
const gauges = metricTable.flatMap(({ type }, index) => (type === "gauge" ? [index] : []));

export const groupByAttributes: ProcessorKind = {
  kind: "groupbyattrs",
  build: (config, { ottl }) => {
    const { keys, keep_individual } = readConfig(schema, config);
    const individual = keep_individual.map((text) => ottl.condition(text));
    const groups = createRotatingMemo<string, Sample>(forgottenAfterScrapes);
    const seen = createRotatingMemo<Float64Array, Float64Array>(forgottenAfterScrapes);

    const staysAlone = ({ attributes, values }: Sample): boolean =>
      individual.some((condition) => condition.evaluate({ attributes, values, metricName: "" }) === true);

    function groupOf(member: Sample): Sample {
      let key = String(member.metrics);
      for (const name of keys) key += `\n${member.attributes[name] ?? ""}`;
      return groups.get(key, () => {
        const present = keys.filter((name) => member.attributes[name] !== undefined);
        const attributes = Object.fromEntries(present.map((name) => [name, member.attributes[name] ?? ""]));
        return { attributes, values: new Float64Array(metricTable.length), metrics: member.metrics };
      });
    }

    return {
      type: "all",
      reset: () => {
        groups.clear();
        seen.clear();
      },
      run: (samples) => {
        const result = new Set<Sample>();
        for (const sample of samples) {
          if (staysAlone(sample)) {
            result.add(sample);
            continue;
          }
          const group = groupOf(sample);
          if (!result.has(group)) {
            for (const index of gauges) group.values[index] = 0;
            result.add(group);
          }
          addTo(group.values, sample.values, seen.get(sample.values, newArray));
        }
        groups.endRound();
        seen.endRound();
        return [...result];
      },
    };
  },
};

const newArray = (): Float64Array => new Float64Array(metricTable.length);

/**
 * Gauges are added up afresh. Counters add what each member gained since it was last seen, so that a member that ends
 * does not take its past away and let the sum fall.
 */
function addTo(sum: Float64Array, member: Float64Array, last: Float64Array): void {
  for (const index of gauges) sum[index] = valueAt(sum, index) + valueAt(member, index);
  for (const index of counters) {
    const value = valueAt(member, index);
    const gained = value - valueAt(last, index);
    // A counter that fell began again at zero.
    sum[index] = Math.round((valueAt(sum, index) + (gained < 0 ? value : gained)) * 100) / 100;
    last[index] = value;
  }
}
