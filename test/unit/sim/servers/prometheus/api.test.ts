import { expect, test } from "vitest";
import { createTestWorld, exposition } from "./world.js";

const config = {
  global: { scrape_interval: "15s", evaluation_interval: "15s" },
  scrape_configs: [{ job_name: "app", static_configs: [{ targets: ["app:80"] }] }],
};

async function runningWorld() {
  const world = createTestWorld(config, () =>
    exposition("# HELP a_total Things.\n# TYPE a_total counter\na_total 1\nb 1e-7\nc 1e21\nd NaN\n"),
  );
  world.prometheus.start();
  await world.clock.advance(30_000);
  return world;
}

test("values and times are written as Go writes them", async () => {
  const { get } = await runningWorld();
  const answer = await get('/api/v1/query?query={__name__=~"b|c|d"}&time=1700000030.5');
  const metric = (name: string) => ({ __name__: name, instance: "app:80", job: "app" });
  expect(answer).toEqual({
    status: 200,
    body: {
      status: "success",
      data: {
        resultType: "vector",
        result: [
          { metric: metric("b"), value: [1700000030.5, "1e-07"] },
          { metric: metric("c"), value: [1700000030.5, "1e+21"] },
          { metric: metric("d"), value: [1700000030.5, "NaN"] },
        ],
      },
    },
  });
});

test.each([
  ["/api/v1/query?query=sum(", 400, 'invalid parameter "query": 1:5: parse error: unclosed left parenthesis'],
  ["/api/v1/query?query=", 400, 'invalid parameter "query": 1:1: parse error: no expression found in input'],
  ["/api/v1/query?query=up&time=x", 400, 'invalid parameter "time": cannot parse "x" to a valid timestamp'],
  [
    "/api/v1/query?query=label_replace(up,%22a%22,%22%22,%22b%22,%22(%22)",
    422,
    "invalid regular expression in label_replace(): (",
  ],
  [
    "/api/v1/query_range?query=up&start=2&end=1&step=1",
    400,
    'invalid parameter "end": end timestamp must not be before start time',
  ],
  [
    "/api/v1/query_range?query=up&start=1&end=2&step=0",
    400,
    'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
  ],
  [
    "/api/v1/query_range?query=up&start=0&end=11001&step=1s",
    400,
    "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
  ],
  ["/api/v1/series", 400, "no match[] parameter provided"],
  ["/api/v1/series?match[]=up[5m]", 400, 'invalid parameter "match[]": 1:3: parse error: unexpected "["'],
])("%s answers %i and says why", async (path, status, error) => {
  const { get } = await runningWorld();
  const answer = await get(path);
  expect(answer).toEqual({
    status,
    body: { status: "error", errorType: status === 422 ? "execution" : "bad_data", error },
  });
});

test("the questions that Grafana asks when a data source is added are answered", async () => {
  const { get, prometheus } = await runningWorld();
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const posted = await prometheus.handle({
    method: "POST",
    url: "http://prometheus:9090/api/v1/query",
    headers: form,
    body: "query=1%2B1&time=1700000030",
  });
  expect(JSON.parse(posted.body)).toEqual({
    status: "success",
    data: { resultType: "scalar", result: [1700000030, "2"] },
  });
  expect(await get("/api/v1/status/buildinfo")).toMatchObject({ body: { data: { version: "3.14.0" } } });
  expect(await get("/api/v1/labels")).toMatchObject({ body: { data: ["__name__", "instance", "job"] } });
  expect(await get("/api/v1/label/job/values?match[]=up")).toMatchObject({ body: { data: ["app"] } });
  expect(await get("/api/v1/series?match[]=a_total")).toMatchObject({
    body: { data: [{ __name__: "a_total", instance: "app:80", job: "app" }] },
  });
  expect(await get("/api/v1/metadata?metric=a_total")).toMatchObject({
    body: { data: { a_total: [{ type: "counter", help: "Things.", unit: "" }] } },
  });
  expect(await get("/api/v1/rules")).toMatchObject({ body: { data: { groups: [] } } });
  expect(await get("/api/v1/alerts")).toMatchObject({ body: { data: { alerts: [] } } });
  expect(await get("/-/healthy")).toEqual({ status: 200, body: "Prometheus Server is Healthy.\n" });
  expect(await get("/-/ready")).toEqual({ status: 200, body: "Prometheus Server is Ready.\n" });
  expect(await get("/metrics")).toMatchObject({
    status: 200,
    body: expect.stringContaining("prometheus_tsdb_head_series 9"),
  });
  expect((await get("/api/v1/nothing")).status).toBe(404);
});

test("targets show their health, their labels and when they were asked", async () => {
  const { get } = await runningWorld();
  expect(await get("/api/v1/targets?state=active")).toMatchObject({
    body: {
      data: {
        activeTargets: [
          {
            labels: { instance: "app:80", job: "app" },
            scrapePool: "app",
            scrapeUrl: "http://app:80/metrics",
            health: "up",
            lastError: "",
            scrapeInterval: "15s",
            scrapeTimeout: "10s",
          },
        ],
        droppedTargets: [],
      },
    },
  });
});

test("a range query answers series with points at the steps", async () => {
  const { get } = await runningWorld();
  const answer = await get("/api/v1/query_range?query=sum(up)*2&start=1700000000&end=1700000030&step=15");
  expect(answer.body).toMatchObject({ data: { resultType: "matrix", result: [{ metric: {} }] } });
});

test("remarks of the evaluation stand beside the data", async () => {
  const { get } = await runningWorld();
  expect(await get("/api/v1/query?query=rate(b[1m])&time=1700000030")).toMatchObject({
    body: {
      infos: [
        'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "b" (1:6)',
      ],
    },
  });
});

test.each([
  ["sum by(job)(rate(a[5m]))", "sum by (job) (rate(a[5m]))"],
  ["a+b*-c^2", "a + b * -c ^ 2"],
  ['a{x="1",y!~"b"} offset 5m @ start()', 'a{x="1",y!~"b"} @ start() offset 5m'],
  ["a/on(x)group_left(y)b", "a / on (x) group_left (y) b"],
  ["topk(3,max_over_time(a[1h:30s])>bool 1e6)", "topk(3, max_over_time(a[1h:30s]) > bool 1e+06)"],
])("%s is formatted as %s", async (query, formatted) => {
  const { get } = await runningWorld();
  expect(await get(`/api/v1/format_query?query=${encodeURIComponent(query)}`)).toMatchObject({
    body: { data: formatted },
  });
});
