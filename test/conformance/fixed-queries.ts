/** Queries that are always asked: each function, aggregation and operator alone, on data where it has something to say. */
import { DATA_START } from "./data-set.js";
import {
  aggregations,
  operators,
  type RandomQuery,
  rangeFunctions,
  vectorFunctions,
} from "./query-grammar.js";

const words = (text: string): readonly string[] => text.split(" ");

const joins = [
  "requests_total OP on(job) group_left(version) info",
  "sum by (job) (memory) OP on(job) sum by (job) (requests_total)",
  "sum by (job, instance) (requests_total) OP ignoring(group) memory",
  "memory OP 7.5",
  "-3 OP memory",
];

const calls = [
  "absent(nothing)",
  'absent(requests_total{job="api"})',
  "clamp(memory, -500, 250.5)",
  "clamp(memory, 3, 2)",
  "clamp_min(memory, 0)",
  "clamp_max(memory, 0)",
  "round(memory, 0.25)",
  "vector(time())",
  "scalar(late)",
  "predict_linear(requests_total[5m], 600)",
  "holt_winters(memory[5m], 0.3, 0.6)",
  "histogram_quantile(0.9, latency_bucket)",
  "histogram_quantile(0.5, sum by (le, job) (rate(latency_bucket[5m])))",
  "histogram_quantile(-1, latency_bucket)",
  "histogram_quantile(2, latency_bucket)",
  "quantile_over_time(0.25, memory[7m30s])",
  "quantile(0.75, memory)",
  "quantile by (job) (0.1, memory)",
  "topk(2, memory)",
  "bottomk by (job) (1, memory)",
  'count_values("value", info)',
  'label_replace(memory, "to", "$1-x", "job", "a(.*)")',
  'label_join(memory, "to", "/", "job", "instance")',
  "sort(memory)",
  "sort_desc(memory)",
  "max_over_time(rate(requests_total[1m])[10m:1m])",
  "avg_over_time((memory > 0)[20m:47s] offset 1m)",
  "memory offset 5m",
  "memory @ 1700001000",
  "rate(requests_total[5m] @ end())",
];

const vectors = ["memory", "requests_total / 7", "odd"];
const ranges = ["requests_total[5m]", "memory[7m30s]", "odd[20m]", "late[1m]"];
const groupings = ["", " by (job) ", " without (instance) "];

const queries: readonly string[] = [
  ...calls,
  ...words(vectorFunctions).flatMap((name) => vectors.map((vector) => `${name}(${vector})`)),
  ...words(rangeFunctions).flatMap((name) => ranges.map((range) => `${name}(${range})`)),
  ...words(aggregations).flatMap((name) =>
    ["memory", "odd"].flatMap((vector) => groupings.map((grouping) => `${name}${grouping}(${vector})`)),
  ),
  ...words(`${operators} and or unless`).flatMap((operator) =>
    joins
      .filter((join) => !/[a-z]/.test(operator) || operator === "atan2" || !/group_left|\d/.test(join))
      .map((join) => join.replace("OP", operator)),
  ),
  ...words(operators)
    .filter((operator) => /[=<>]/.test(operator))
    .map((operator) => `memory ${operator} bool 10`),
];

const at = DATA_START + 1_803;

/** Each as an instant query and over a range. */
export const fixedQueries: readonly RandomQuery[] = queries.flatMap((query) => [
  { query, start: at, end: at, step: 0 },
  { query, start: at - 1_200, end: at + 600, step: 300 },
]);
