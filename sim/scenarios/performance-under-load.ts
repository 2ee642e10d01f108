/** Scenario 8: a hundred clients create a hundred experiments each; latency, errors and throughput are judged. */
import { formatDuration, realNowMs } from "../kernel/index.js";
import type { Phoenix } from "../world/index.js";
import { range, type Scenario } from "./scenario.js";

const clientCount = 100;
const requestsPerClient = 100;

export const performanceUnderLoad: Scenario = {
  name: "performance-under-load",
  summary: "10,000 creates from 100 clients: p99 below 100 ms, errors below 1 %, over 1,000 a second",
  deadline: "5m",
  faultWindow: "3s",
  world: { globals: true },
  async run({ phoenix, check, step, report, scale }) {
    const { token } = await phoenix.client.login("admin@phoenix.io", "admin123");
    // Clients at once are what makes it a load: a small share of it gives up requests first.
    const perClient = Math.max(1, Math.round(requestsPerClient * scale));
    const clients = Math.min(clientCount, Math.max(20, Math.round(clientCount * scale * 10)));

    step(`${clients} clients create ${perClient} experiments each`);
    const load: Load = { latenciesMs: [], failures: 0 };
    const startedAtMs = phoenix.clock.nowMs;
    const realStartedAtMs = realNowMs();
    await Promise.all(
      range(clients).map(async (client) => runClient(phoenix, token, client, perClient, load)),
    );
    const virtualSeconds = (phoenix.clock.nowMs - startedAtMs) / 1000;
    const realSeconds = (realNowMs() - realStartedAtMs) / 1000;

    step("judge latency, errors and throughput");
    const sorted = [...load.latenciesMs].sort((a, b) => a - b);
    const percentile = (percent: number): number => sorted[Math.floor((sorted.length * percent) / 100)] ?? 0;
    const throughput = sorted.length / virtualSeconds;
    report("p50", formatDuration(percentile(50)));
    report("p95", formatDuration(percentile(95)));
    report("p99", formatDuration(percentile(99)));
    report("errors", String(load.failures));
    report(
      "throughput",
      `${throughput.toFixed(0)} req/s virtual, ${(sorted.length / realSeconds).toFixed(0)} req/s wall`,
    );
    check.equal(sorted.length, clients * perClient, "requests answered");
    check.below(percentile(99), 100, "a p99 below 100 ms");
    check.below(load.failures / sorted.length, 0.01, "an error rate below 1 %");
    check.above(throughput, 1_000, "a throughput above 1,000 requests a second");
  },
};

interface Load {
  /** Virtual milliseconds of each request. */
  readonly latenciesMs: number[];
  failures: number;
}

async function runClient(
  phoenix: Phoenix,
  token: string,
  client: number,
  count: number,
  load: Load,
): Promise<void> {
  for (const request of range(count)) {
    const startedAtMs = phoenix.clock.nowMs;
    const created = await phoenix
      .plainFetch(`${phoenix.url}/api/v1/experiments`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
        body: JSON.stringify({ name: `load-test-${client}-${request}` }),
      })
      .then(
        async (response) => response.text().then(() => response.status === 201),
        () => false,
      );
    load.latenciesMs.push(phoenix.clock.nowMs - startedAtMs);
    if (!created) load.failures += 1;
  }
}
