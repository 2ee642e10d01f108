/** Query results as the JSON of the API: times in seconds, values as text. */
import { formatFixed, formatSample, type QueryResult } from "../promql/index.js";
import type { Labels } from "../labels/index.js";

/** The `data` of a query's answer. */
export function renderResult(result: QueryResult): string {
  switch (result.type) {
    case "scalar":
      return data("scalar", `[${result.timeMs / 1000},"${formatFixed(result.value)}"]`);
    case "string":
      return data("string", `[${result.timeMs / 1000},${JSON.stringify(result.text)}]`);
    case "vector":
      return data(
        "vector",
        list(
          result.samples,
          ({ labels, value }) => `{"metric":${metric(labels)},"value":${point(result.timeMs, value)}}`,
        ),
      );
    case "matrix":
    default:
      return data(
        "matrix",
        list(result.series, ({ labels, timestamps, values }) => {
          const points = list(timestamps, (timeMs, index) => point(timeMs, values[index] ?? NaN));
          return `{"metric":${metric(labels)},"values":${points}}`;
        }),
      );
  }
}

function data(type: QueryResult["type"], result: string): string {
  return `{"resultType":"${type}","result":${result}}`;
}

function list<Item>(items: readonly Item[], render: (item: Item, index: number) => string): string {
  return `[${items.map(render).join(",")}]`;
}

function metric(labels: Labels): string {
  return JSON.stringify(labels.toObject());
}

function point(timeMs: number, value: number): string {
  return `[${renderSeconds(timeMs)},"${formatSample(value)}"]`;
}

/** Seconds, with exactly three decimals where they are not whole. */
function renderSeconds(timeMs: number): string {
  return timeMs % 1000 === 0 ? String(timeMs / 1000) : (timeMs / 1000).toFixed(3);
}
