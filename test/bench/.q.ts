import { labelsOf } from "../../sim/prometheus/labels/index.js";
import { createEngine } from "../../sim/prometheus/promql/index.js";
import { createStorage } from "../../sim/prometheus/storage/index.js";
function filled(n: number) { const storage = createStorage(); for (let index = 0; index < n; index += 1) { const s = storage.series(labelsOf({ __name__: "m_total", x: `${index % 10}`, instance: `host-${index}:9100`, job: "node" })); for (let at = 0; at < 120; at += 1) storage.append(s, at * 15_000, at * index); } return storage; }
for (let r = 0; r < 4; r++) {
  const st = filled(10_000);
  const engine = createEngine();
  const e: any = engine.parse("m_total");
  let t = (process.cpuUsage().user/1000); st.select(e.matchers); const sel = (process.cpuUsage().user/1000) - t;
  t = (process.cpuUsage().user/1000); engine.instant(st, "m_total[5m]", 119 * 15000); const rng = (process.cpuUsage().user/1000) - t;
  t = (process.cpuUsage().user/1000); engine.instant(st, "rate(m_total[5m])", 119 * 15000); const rate = (process.cpuUsage().user/1000) - t;
  t = (process.cpuUsage().user/1000); engine.instant(st, "sum by (x) (rate(m_total[5m]))", 119 * 15000); const sum = (process.cpuUsage().user/1000) - t;
  t = (process.cpuUsage().user/1000); engine.instant(st, "sum by (x) (rate(m_total[5m]))", 119 * 15000); const sum2 = (process.cpuUsage().user/1000) - t;
  console.log({ sel, rng, rate, sum, sum2 });
}
