import { expect, test } from "vitest";
import { parse } from "yaml";
import { parseConfig } from "../../../../../sim/servers/prometheus/config.js";
import { createTestWorld, exposition, type TestWorld } from "./world.js";

const job = { job_name: "j", static_configs: [{ targets: ["t:1"] }] };

/** A world whose only target has been scraped once. */
async function scraped(
  body: string,
  more: Record<string, unknown> = {},
  serve?: (url: string) => ReturnType<typeof exposition>,
): Promise<TestWorld> {
  const world = createTestWorld({ scrape_configs: [{ ...job, ...more }] }, serve ?? (() => exposition(body)));
  world.prometheus.start();
  await world.clock.advance(120_000);
  return world;
}

/** What the API answers to a request with headers. */
function ask(
  { prometheus }: TestWorld,
  path: string,
  headers: Record<string, string>,
  method = "GET",
  body = "",
) {
  return prometheus.handle({ method, url: `http://prometheus:9090${path}`, headers, body });
}

test.each([
  ["match[]=%7Ba%3D%22%22%7D", "match[] must contain at least one non-empty matcher"],
  ["match[]=%7Bjob%3D~%22a*%22%7D", "match[] must contain at least one non-empty matcher"],
  ["match[]=up[2m]", '1:3: parse error: unexpected "["'],
  ["match[]=+", "1:2: parse error: unexpected end of input"],
  ["match[]=5", '1:1: parse error: unexpected number "5"'],
  ["match[]=up+offset+5m", "1:4: parse error: unexpected <offset>"],
  ["match[]=%7B", "1:2: parse error: unexpected end of input inside braces"],
])("the selector %s is refused", async (params, problem) => {
  const world = await scraped("m 1\n");
  expect((await world.get(`/api/v1/series?${params}`)).body).toMatchObject({
    error: `invalid parameter "match[]": ${problem}`,
  });
  expect((await world.get(`/api/v1/labels?${params}`)).body).toMatchObject({ error: problem });
});

test("a page of another origin may read what the API answers", async () => {
  const world = await scraped("m 1\n");
  const reply = await ask(world, "/api/v1/query?query=1", { origin: "http://dash" });
  expect(reply.headers).toMatchObject({
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, POST, OPTIONS",
  });
  expect((await ask(world, "/api/v1/query?query=1", {})).headers).not.toHaveProperty(
    "access-control-allow-origin",
  );
});

test("methods are those of the server", async () => {
  const world = await scraped("m 1\n");
  const status = async (method: string, path: string) => (await ask(world, path, {}, method)).status;
  expect(await status("HEAD", "/-/ready")).toBe(200);
  expect(await status("HEAD", "/api/v1/query")).toBe(405);
  expect(await status("POST", "/api/v1/targets")).toBe(405);
  expect(await status("OPTIONS", "/api/v1/query")).toBe(204);
  expect(await status("POST", "/api/v1/write")).toBe(404);
  expect(await status("POST", "/api/v1/read")).toBe(501);
  expect(await status("POST", "/-/reload")).toBe(403);
});

test("exemplars are an empty list", async () => {
  const world = await scraped("m 1\n");
  expect((await world.get("/api/v1/query_exemplars?query=m&start=1&end=2")).body).toEqual({
    status: "success",
    data: [],
  });
  expect(await world.get("/api/v1/query_exemplars?query=m&start=2&end=1")).toMatchObject({ status: 400 });
});

test("status/tsdb lists what has most series, as many as are asked for", async () => {
  const world = await scraped('wide{n="1"} 1\nwide{n="2"} 1\nsmall 1\n');
  const { body } = await world.get("/api/v1/status/tsdb?limit=1");
  expect(body).toMatchObject({
    data: {
      headStats: { numSeries: 8 },
      seriesCountByMetricName: [{ name: "wide", value: 2 }],
      labelValueCountByLabelName: [{ name: "__name__", value: 7 }],
      seriesCountByLabelValuePair: [{ value: 8 }],
    },
  });
  expect(await world.get("/api/v1/status/tsdb?limit=0")).toMatchObject({ status: 400 });
});

test("status/config is a configuration that can be read again", async () => {
  const more = {
    params: { kind: ["a", "b"] },
    metric_relabel_configs: [{ regex: "x", action: "labeldrop" }],
  };
  const world = await scraped("m 1\n", more);
  const { body } = await world.get("/api/v1/status/config");
  const { yaml } = (body as { data: { yaml: string } }).data;
  expect(parse(yaml)).toMatchObject({ scrape_configs: [{ job_name: "j", ...more, scrape_interval: "1m" }] });
  expect(parseConfig(yaml).yaml).toBe(yaml);
});

test("all values of a parameter are sent, a label stands for the first", async () => {
  const more = {
    params: { z: ["1"], kind: ["a", "b c", "a"] },
    relabel_configs: [{ target_label: "__param_kind", replacement: "x" }],
  };
  const { requests } = await scraped("m 1\n", more);
  expect(requests[0]?.url).toBe("http://t:1/metrics?kind=x&kind=b+c&kind=a&z=1");
});

test("redirects are followed, unless the job says no", async () => {
  const serve = (url: string) =>
    url.endsWith("/moved") ? exposition("m 1\n") : { status: 302, headers: { location: "/moved" }, body: "" };
  const lastError = async (more: Record<string, unknown>) =>
    (await scraped("", more, serve)).prometheus.targets()[0]?.lastError;
  expect(await lastError({})).toBe("");
  expect(await lastError({ follow_redirects: false })).toBe("server returned HTTP status 302 Found");
});

test.each([
  [{ body_size_limit: "6B" }, "body size limit exceeded"],
  [{ sample_limit: 1 }, "sample limit exceeded"],
  [{ label_limit: 3 }, "label_limit exceeded (metric: m, number of labels: 4, limit: 3)"],
  [
    { label_name_length_limit: 7 },
    "label_name_length_limit exceeded (metric: m, label name: __name__, length: 8, limit: 7)",
  ],
  [
    { label_value_length_limit: 2 },
    'label_value_length_limit exceeded (metric: m, label name: instance, value: "t:1", length: 3, limit: 2)',
  ],
])("beyond the limit %j a scrape fails", async (more, error) => {
  const world = await scraped('m{a="b"} 1\nn 1\n', more);
  expect(world.prometheus.targets()[0]?.lastError).toBe(error);
});

test("protobuf is refused by name", async () => {
  const serve = () => exposition("m 1\n", "application/vnd.google.protobuf; encoding=delimited");
  const world = await scraped("", {}, serve);
  expect(world.prometheus.targets()[0]?.lastError).toContain("protobuf is not simulated");
});

test("times are seconds or dates, and dates that are none are refused", async () => {
  const world = await scraped("m 1\n");
  const time = async (text: string) => {
    const { body } = await world.get(`/api/v1/query?query=time()&time=${encodeURIComponent(text)}`);
    return (body as { data?: { result: [number, string] } }).data?.result[1];
  };
  expect(await time("1709208000.5")).toBe("1709208000.5");
  expect(await time("2024-02-29T12:00:00Z")).toBe("1709208000");
  expect(await time("2024-02-29T13:30:00.250+01:30")).toBe("1709208000.25");
  for (const text of ["2023-02-29T12:00:00Z", "2024-02-29", "2024-02-29T25:00:00Z", "now", "Inf"])
    expect(await time(text)).toBeUndefined();
});
