import { expect, test } from "vitest";
import { createManualClock, createTestWorld, exposition, networkError } from "./world.js";
import { createStorage, type QueryResult } from "../../../../../sim/servers/prometheus/index.js";

const config = {
  global: { scrape_interval: "15s" },
  scrape_configs: [{ job_name: "app", static_configs: [{ targets: ["app:80"] }] }],
};

/** `name{labels} value` for each sample of an instant answer. */
function lines(result: QueryResult): string[] {
  if (result.type !== "vector") return [];
  return result.samples.map(({ labels, value }) => `${labels.toString()} ${value}`);
}

test("a scrape stores the samples with the labels of the target, and five series about itself", async () => {
  const world = createTestWorld(config, () => exposition('# TYPE a counter\na{x="1"} 5\nb 2.5\n'));
  world.prometheus.start();
  await world.clock.advance(15_000);
  expect(lines(world.prometheus.query('{job="app"}'))).toEqual([
    '{__name__="a", instance="app:80", job="app", x="1"} 5',
    '{__name__="b", instance="app:80", job="app"} 2.5',
    '{__name__="scrape_duration_seconds", instance="app:80", job="app"} 0',
    '{__name__="scrape_samples_post_metric_relabeling", instance="app:80", job="app"} 2',
    '{__name__="scrape_samples_scraped", instance="app:80", job="app"} 2',
    '{__name__="scrape_series_added", instance="app:80", job="app"} 2',
    '{__name__="up", instance="app:80", job="app"} 1',
  ]);
  expect(world.requests[0]?.headers["x-prometheus-scrape-timeout-seconds"]).toBe("10");
});

test("a label of the sample that the target has too is kept as exported_", async () => {
  const world = createTestWorld(config, () => exposition('a{job="mine",instance="x"} 1\n'));
  world.prometheus.start();
  await world.clock.advance(15_000);
  expect(lines(world.prometheus.query("a"))).toEqual([
    '{__name__="a", exported_instance="x", exported_job="mine", instance="app:80", job="app"} 1',
  ]);
});

test("a series that vanishes from a good scrape is stale at once", async () => {
  let body = 'a{x="1"} 1\na{x="2"} 1\n';
  const world = createTestWorld(config, () => exposition(body));
  world.prometheus.start();
  await world.clock.advance(15_000);
  body = 'a{x="2"} 3\n';
  await world.clock.advance(15_000);
  expect(lines(world.prometheus.query("a"))).toEqual([
    '{__name__="a", instance="app:80", job="app", x="2"} 3',
  ]);
});

test.each([
  ["a refused connection", networkError("ECONNREFUSED")],
  ["a status that is not 200", { status: 500, headers: {}, body: "" }],
  ["a broken line", exposition("a 1\nb{ 2\n")],
  ["a label given twice", exposition('a 1\nb{x="1",x="2"} 2\n')],
  ["a carriage return", exposition("a 1\r\n")],
  ["a hexadecimal value", exposition("a 0x1f\n")],
  ["a value missing", exposition("a 1\nb\n")],
  ["an unknown content type", exposition("a 1\n", "text/html")],
])("%s sets up to 0 and ends every series of the target", async (_, broken) => {
  let reply: Error | ReturnType<typeof exposition> = exposition("a 1\n");
  const world = createTestWorld(config, () => reply);
  world.prometheus.start();
  await world.clock.advance(15_000);
  expect(lines(world.prometheus.query("a"))).toHaveLength(1);
  reply = broken;
  await world.clock.advance(15_000);
  expect(lines(world.prometheus.query("a"))).toEqual([]);
  expect(lines(world.prometheus.query("b"))).toEqual([]);
  expect(lines(world.prometheus.query("up"))).toEqual(['{__name__="up", instance="app:80", job="app"} 0']);
  expect(world.prometheus.targets()[0]?.health).toBe("down");
  expect(world.prometheus.targets()[0]?.lastError).not.toBe("");
  reply = exposition("a 7\n");
  await world.clock.advance(15_000);
  expect(lines(world.prometheus.query("a"))).toEqual(['{__name__="a", instance="app:80", job="app"} 7']);
});

test("bounds of buckets are written as floats in version 3 and kept in version 2", async () => {
  const body = '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\n';
  for (const [dialect, bound] of [
    [3, "1.0"],
    [2, "1"],
  ] as const) {
    const world = createTestWorld(config, () => exposition(body), { dialect });
    world.prometheus.start();
    await world.clock.advance(15_000);
    expect(lines(world.prometheus.query(`h_bucket{le="${bound}"}`))).toHaveLength(1);
  }
});

test("OpenMetrics must end with EOF, has times in seconds, and may carry exemplars", async () => {
  const body = '# TYPE a counter\na_total{x="1"} 5 # {trace_id="}"} 1 1.5\n# EOF\n';
  let text = body;
  const world = createTestWorld(config, () =>
    exposition(text, "application/openmetrics-text; version=1.0.0"),
  );
  world.prometheus.start();
  await world.clock.advance(15_000);
  expect(lines(world.prometheus.query("a_total"))).toHaveLength(1);
  text = body.replace("# EOF\n", "");
  await world.clock.advance(15_000);
  expect(world.prometheus.targets()[0]?.lastError).toBe("data does not end with # EOF");
});

test("relabelling can drop targets and samples, and change labels", async () => {
  const world = createTestWorld(
    `
scrape_configs:
  - job_name: app
    scrape_interval: 15s
    static_configs:
      - targets: [one:80, two:80]
    relabel_configs:
      - source_labels: [__address__]
        regex: two.*
        action: drop
    metric_relabel_configs:
      - source_labels: [__name__]
        regex: noise_.*
        action: drop
      - regex: secret
        action: labeldrop
`,
    () => exposition('a{secret="x"} 1\nnoise_b 1\n'),
  );
  world.prometheus.start();
  await world.clock.advance(15_000);
  expect(world.requests.map(({ url }) => url)).toEqual(["http://one:80/metrics"]);
  expect(lines(world.prometheus.query('{__name__!~"up|scrape.*"}'.replace("{", '{job="app",')))).toEqual([
    '{__name__="a", instance="one:80", job="app"} 1',
  ]);
  expect(lines(world.prometheus.query("scrape_samples_post_metric_relabeling"))[0]).toMatch(/ 1$/);
});

test("discovery finds targets, keeps the last list when it fails, and ends what is gone after a while", async () => {
  let targets: string[] | Error = ["a:1", "b:1"];
  const world = createTestWorld(
    {
      global: { scrape_interval: "15s" },
      scrape_configs: [{ job_name: "sd", http_sd_configs: [{ url: "http://sd/", refresh_interval: "15s" }] }],
    },
    (url) => {
      if (url !== "http://sd/") return exposition("m 1\n");
      if (targets instanceof Error) return targets;
      const body = JSON.stringify([{ targets, labels: { zone: "z" } }]);
      return { status: 200, headers: { "content-type": "application/json" }, body };
    },
  );
  world.prometheus.start();
  await world.clock.advance(31_000);
  expect(lines(world.prometheus.query("m"))).toHaveLength(2);
  targets = networkError("ECONNREFUSED");
  await world.clock.advance(30_000);
  expect(world.prometheus.targets().map(({ info }) => info.labels.get("zone"))).toEqual(["z", "z"]);
  targets = ["a:1"];
  await world.clock.advance(16_000);
  expect(world.prometheus.targets()).toHaveLength(1);
  expect(lines(world.prometheus.query("m"))).toHaveLength(2);
  await world.clock.advance(45_000);
  expect(lines(world.prometheus.query("m"))).toEqual([
    '{__name__="m", instance="a:1", job="sd", zone="z"} 1',
  ]);
});

test("a crash keeps what is stored; the next process goes on", async () => {
  const storage = createStorage();
  const clock = createManualClock();
  let value = 1;
  const boot = () => createTestWorld(config, () => exposition(`a ${value}\n`), { storage, clock });
  const first = boot();
  first.prometheus.start();
  await clock.advance(15_000);
  first.prometheus.stop();
  const second = boot();
  expect(lines(second.prometheus.query("a"))).toHaveLength(1);
  value = 2;
  second.prometheus.start();
  await clock.advance(15_000);
  expect(lines(second.prometheus.query("a"))[0]).toMatch(/ 2$/);
});

test("too many samples fail the scrape", async () => {
  const limited = {
    scrape_configs: [
      { ...config.scrape_configs[0], job_name: "app", scrape_interval: "15s", sample_limit: 1 },
    ],
  };
  const world = createTestWorld(limited, () => exposition("a 1\nb 1\n"));
  world.prometheus.start();
  await world.clock.advance(15_000);
  expect(world.prometheus.targets()[0]?.lastError).toBe("sample limit exceeded");
  expect(lines(world.prometheus.query("a"))).toEqual([]);
});

test("an unknown key is refused by name, a known one that is not simulated says so", () => {
  const world = (extra: object) => () =>
    createTestWorld({ scrape_configs: [{ job_name: "a", ...extra }] }, () => exposition(""));
  expect(world({ scrape_intervall: "15s" })).toThrow(/field scrape_intervall not found/);
  expect(world({ basic_auth: {} })).toThrow(/basic_auth.*SIM_UNSUPPORTED/s);
});
