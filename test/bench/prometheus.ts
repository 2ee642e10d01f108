/** The store and the query engine: appending, one large aggregation, one range query, one scrape. */
import { labelsOf } from "../../sim/servers/prometheus/labels.js";
import { createEngine } from "../../sim/servers/prometheus/promql/index.js";
import { createStorage, type Storage } from "../../sim/servers/prometheus/storage.js";
import type { Suite } from "./harness/suite.js";
import { timed } from "./harness/time.js";

export function addPrometheusBenches({ bench }: Suite): void {
  bench("prometheus: append", { unit: "samples/s", goal: 1_000_000 }, async () => {
    const storage = createStorage();
    const series = Array.from({ length: 1_000 }, (_, index) =>
      storage.series(labelsOf({ __name__: "m", i: `${index}` })),
    );
    const ms = await timed(async () => {
      for (let at = 0; at < 1_000; at += 1) for (const one of series) storage.append(one, at * 15_000, at);
    });
    return 1_000_000 / (ms / 1000);
  });
  bench(
    "prometheus: sum by (x) (rate(m[5m])) over 10,000 series",
    { unit: "ms", goal: 100, better: "less" },
    async () => {
      const storage = filled(10_000);
      const engine = createEngine();
      return timed(async () => void engine.instant(storage, "sum by (x) (rate(m_total[5m]))", 119 * 15_000));
    },
  );
  bench("prometheus: 250 steps over 100 series", { unit: "ms", goal: 50, better: "less" }, async () => {
    const storage = filled(100);
    const engine = createEngine();
    return timed(async () => void engine.range(storage, "rate(m_total[5m])", 0, 249 * 7_000, 7_000));
  });
}

/** Series of 120 samples, 15 s apart. */
function filled(seriesCount: number): Storage {
  const storage = createStorage();
  for (let index = 0; index < seriesCount; index += 1) {
    const series = storage.series(
      labelsOf({ __name__: "m_total", x: `${index % 10}`, instance: `host-${index}:9100`, job: "node" }),
    );
    for (let at = 0; at < 120; at += 1) storage.append(series, at * 15_000, at * index);
  }
  return storage;
}
