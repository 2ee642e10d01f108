/** What a client may do to a gateway: one HTTP request, one frame, or to wait. Made by fast-check, carried out by client.ts. */
import fc from "fast-check";

/** Who asks: an account, or a token that is not what it should be. */
export const callers = [
  "admin@tenant1.phoenix.io",
  "user@tenant1.phoenix.io",
  "viewer@tenant1.phoenix.io",
  "admin@tenant2.phoenix.io",
  "user@tenant2.phoenix.io",
  "viewer@tenant2.phoenix.io",
  "admin@phoenix.io",
  "nobody",
  "expired",
  "forged",
] as const;

export type Caller = (typeof callers)[number];

/** Stands in a text for something that exists, in one of its spellings. */
export const places = [
  "{experiment}",
  "{foreign}",
  "{deployment}",
  "{load}",
  "{signal}",
  "{template}",
  "{token}",
] as const;

export interface HttpCall {
  readonly kind: "http";
  /** Place in the list of operations, modulo its length. */
  readonly operation: number;
  /** Instead of that of the operation. */
  readonly method: string | undefined;
  /** Instead of that of the operation. */
  readonly path: string | undefined;
  readonly segment: string;
  readonly query: string;
  readonly caller: Caller;
  readonly scheme: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Bodies that routes may take, by what they are for: one of them goes instead of `body` where the route has one. */
  readonly fitting: Readonly<Record<string, unknown>> | undefined;
  /** By `fetch` of the world, or by `node:http` over its in-memory server. */
  readonly by: "fetch" | "http";
}

export interface SocketCall {
  readonly kind: "socket";
  readonly action: "open" | "send" | "close";
  readonly dialect: "raw" | "socket.io" | "polling" | "elsewhere";
  readonly caller: Caller;
  readonly carrier: "query" | "access_token" | "none" | "protocol";
  readonly since: string | undefined;
  readonly text: string;
}

interface WaitCall {
  readonly kind: "wait";
  readonly ms: number;
}

export type Call = HttpCall | SocketCall | WaitCall;

const id = fc.constantFrom(
  ...places,
  ...places.map((place) => place.toUpperCase()),
  "00000000-0000-4000-8000-000000000000",
);

const oddText = fc.oneof(
  fc.constantFrom(
    "",
    "\u0000",
    "a\u0000b",
    "\ud800",
    "\udfff!",
    "%",
    "%ff",
    "%00",
    "..",
    "__proto__",
    "constructor",
    "' OR 1=1 --",
    "${HOME}",
    "é\u202e",
    "x".repeat(300),
    "Q".repeat(20_000),
    "-".repeat(5_000),
  ),
  fc.string({ unit: "binary", maxLength: 30 }),
  id,
  id.map((each) => `compare ${each} with it`),
);

const oddNumber = fc.oneof(
  fc.constantFrom(0, -0, -1, 1, 5, 100, 1e9, 1e18, 1e308, Number.MAX_SAFE_INTEGER, 0.5, 3600),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

const goodTexts = fc.constantFrom(
  "candidate",
  "baseline",
  "5m",
  "30s",
  "0s",
  "process-topk-v1",
  "process-aggregated-v1",
  "realistic",
  "chaos",
  "start",
  "stop",
  "cancel",
  "pause",
  "traffic_split",
  "rollback",
  "config_update",
  "node1",
  "node2",
  "a name",
);

const leaf = fc.oneof(goodTexts, oddText, oddNumber, fc.constant(null), fc.boolean());

const names = (
  "name description experiment_id type profile duration duration_seconds variant processors parameters content " +
  "token email username password organization config target_nodes action reason configuration template pipeline_name " +
  "deployment_name namespace resources default_parameters process_count metrics_per_second traffic_split " +
  "success_criteria load_profile top_k critical_processes baseline candidate baseline_weight candidate_weight " +
  "baseline_pipeline candidate_pipeline spec experiment id state status metadata __proto__ constructor toString " +
  "include_patterns exclude_patterns k by sampling_percentage min_cardinality_reduction max_latency_increase selector"
).split(" ");

const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 5, arbitrary: leaf },
    { weight: 1, arbitrary: fc.array(tie("json"), { maxLength: 4 }) },
    { weight: 2, arbitrary: fc.dictionary(fc.constantFrom(...names), tie("json"), { maxKeys: 5 }) },
  ),
}));

const plausible = fc.record(
  {
    name: fc.oneof(goodTexts, oddText),
    description: oddText,
    experiment_id: id,
    config: fc.record(
      { duration: fc.oneof(goodTexts, leaf), traffic_split: json, success_criteria: json, parameters: json },
      { requiredKeys: [] },
    ),
    target_nodes: fc.oneof(fc.constantFrom(["node1"], ["node1", "node2"], ["node9"]), json),
    type: goodTexts,
    parameters: fc.oneof(fc.constant({ baseline: 30, candidate: 70 }), json),
    reason: oddText,
    variant: goodTexts,
    processors: fc.oneof(
      fc.constantFrom(
        [],
        [{ type: "topk", config: { k: 5 } }],
        [{ type: "groupby", config: { by: ["${x}"] } }],
      ),
      fc.array(fc.record({ type: fc.constantFrom("filter", "topk", "groupby"), config: json }), {
        maxLength: 2,
      }),
    ),
    action: goodTexts,
    profile: goodTexts,
    content: oddText,
    configuration: oddText,
    pipeline_name: goodTexts,
    deployment_name: oddText,
    token: fc.constant("{token}"),
    email: fc.oneof(fc.constantFrom(...callers), fc.emailAddress(), oddText),
    password: fc.oneof(fc.constantFrom("tenant1", "tenant2", "admin123", "wrong"), oddText),
  },
  { requiredKeys: [] },
);

const body = fc.oneof(
  { weight: 6, arbitrary: plausible.map((value) => JSON.stringify(value)) },
  { weight: 3, arbitrary: json.map((value) => JSON.stringify(value)) },
  {
    weight: 1,
    arbitrary: fc.oneof(
      fc.constantFrom(
        "",
        " ",
        "{",
        "null",
        "[]",
        "\ufeff{}",
        '{"name":"a","name":"twice"}',
        '{"duration_seconds":1e400,"name":"huge"}',
        "[".repeat(50_000) + "]".repeat(50_000),
        '{"name":"\\u0000"}',
        '{"name":"half \\ud800"}',
        `"${"x".repeat(1_100_000)}"`,
      ),
      fc.string({ maxLength: 40 }),
    ),
  },
);

const text = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("", "plain", "compare {foreign} with {experiment}", "{FOREIGN}") },
  { weight: 1, arbitrary: oddText },
);
const name = fc.oneof(
  fc.constantFrom("first", "second", "  third "),
  text.map((each) => `n-${each}`),
);
const own = fc.constantFrom("{experiment}", "{experiment}", "{foreign}");
const processors = fc.constantFrom(
  [],
  [{ type: "topk", config: { k: 5 } }],
  [{ type: "groupby", config: { by: ["${x}"] } }],
  [{ type: "filter", config: { include_patterns: ["a*", "{foreign}"], exclude_patterns: null } }],
);

// Mostly right, so that most of them are carried out.
const fitting = fc.record({
  create: fc.record(
    {
      name,
      description: text,
      target_nodes: fc.constantFrom(["node1"], ["node1", "node2"], null),
      config: fc.record(
        {
          duration: fc.constantFrom("1ms", "30s", "2m", "", 0),
          success_criteria: fc.constantFrom(null, {}, { max_latency_increase: 50 }),
          parameters: fc.record({ top_k: fc.constantFrom(0, 5), note: text, id: own }, { requiredKeys: [] }),
        },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: ["name"] },
  ),
  change: fc.record({ name, description: text, status: goodTexts }, { requiredKeys: [] }),
  load: fc.record(
    { experiment_id: own, duration: fc.constantFrom("30s", "", 0) },
    { requiredKeys: ["experiment_id"] },
  ),
  deployment: fc.record(
    {
      deployment_name: text.map((each) => `d-${each}`),
      pipeline_name: fc.constant("process-topk-v1"),
      parameters: fc.dictionary(text, id),
      resources: fc.constant(null),
    },
    { requiredKeys: ["deployment_name", "pipeline_name"] },
  ),
  template: fc.record({
    name: fc.constantFrom("mine", "yours", "{foreign}"),
    content: text.map((each) => `c${each}`),
    description: text,
  }),
  signal: fc.oneof(
    fc.record({
      experiment_id: own,
      type: fc.constant("traffic_split"),
      parameters: fc.constantFrom({ baseline: 30, candidate: 70 }, { baseline: 0, candidate: 100 }),
      reason: text,
    }),
    fc.record({
      experiment_id: own,
      type: fc.constant("config_update"),
      parameters: fc.record({ processors }),
    }),
    fc.record({ experiment_id: own, type: fc.constant("rollback"), reason: text }),
  ),
  processors: fc.record({ variant: fc.constantFrom("baseline", "candidate", ""), processors }),
  promote: fc.record({ variant: fc.constantFrom("baseline", "candidate", "") }),
  state: fc.record({ action: fc.constantFrom("start", "cancel"), reason: text }),
  generate: fc.record({ experiment_id: own, parameters: fc.constantFrom({ top_k: 3 }, null) }),
  login: fc.constantFrom(
    { email: "admin@tenant1.phoenix.io", password: "tenant1" },
    { email: "", username: "admin@tenant2.phoenix.io", password: "tenant2" },
    { email: "admin@tenant2.phoenix.io", password: "wrong" },
  ),
  token: fc.constant({ token: "{token}" }),
  register: fc.record({ name, email: fc.emailAddress(), password: fc.constant("secret-1") }),
  configuration: fc.record({ configuration: text, pipeline_name: fc.constant("process-topk-v1") }),
});

const queryNames =
  "limit page page_size per_page offset page_token status state owner metric variant timeRange time_range start end resolution".split(
    " ",
  );

const queryValue = fc.oneof(
  fc.constantFrom(
    "1",
    "0",
    "-1",
    "-0",
    "1e400",
    "9007199254740993",
    "0x10",
    "running",
    "all",
    "cardinality",
    "candidate",
    "15m",
    "999999999d",
    "1h",
    "1ms",
    "2026-01-01T00:00:00Z",
    "1e9",
    "275760-09-13",
  ),
  oddText,
);

const query = fc
  .array(fc.tuple(fc.constantFrom(...queryNames), queryValue), { maxLength: 3 })
  .map((pairs) => pairs.map(([name, value]) => `${name}=${encoded(value)}`).join("&"))
  .map((text) => (text === "" ? "" : `?${text}`));

/** Half of a character has no encoding: it goes as the bytes that a careless client sends. */
function encoded(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return "%ed%a0%80";
  }
}

const segment = fc.oneof(
  // What the path asks for: see client.ts.
  { weight: 10, arbitrary: fc.constant("{right}") },
  { weight: 3, arbitrary: id },
  { weight: 1, arbitrary: oddText.map((text) => encoded(text.slice(0, 400))) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("%", "%ff", "%00", "%2e%2e", "a//b", "..", "{experiment}/", "%7B", "x%2fy"),
  },
);

const oddPath = fc.constantFrom(
  "/",
  "//",
  "/health",
  "/ready?deep=1",
  "/metrics",
  "/openapi.json",
  "/ws",
  "/socket.io/",
  "/socket.io/?EIO=4&transport=polling&sid=none",
  "/api/v1/../v1/experiments",
  "/api/v1/%65xperiments",
  "/api/v1/experiments/",
  "/api//v1/experiments",
  "/v1/experiments/%7Bid%7D",
  "/%",
  "/%00",
  "/api/v1/experiments/{experiment}%00",
  "/api/v1/experiments/%31{experiment}",
);

const headers = fc.record(
  {
    "idempotency-key": fc.oneof(
      fc.constantFrom("k1", "k2", "{foreign}", ""),
      fc.string({ maxLength: 20 }).map(encoded),
    ),
    "content-type": fc.constantFrom(
      "application/json",
      "application/json; charset=utf-8",
      "application/json; charset=latin1",
      "text/plain",
      "multipart/form-data; boundary=x",
      "application/x-www-form-urlencoded",
      "nonsense",
    ),
    "content-encoding": fc.constantFrom("gzip", "identity", "br, gzip"),
    "if-match": fc.constantFrom("*", '"x"'),
    origin: fc.constantFrom("http://localhost:5173", "https://evil.example", "null"),
    "access-control-request-method": fc.constantFrom("PATCH", "nonsense"),
    "access-control-request-headers": fc.constantFrom("authorization, x-mine"),
    accept: fc.constantFrom("text/html", "*/*", "application/xml"),
    "x-user-id": id,
  },
  { requiredKeys: [] },
);

/** @returns A value once in `times`, and else none. */
function rarely<Value>(times: number, value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> {
  return fc.oneof({ weight: times - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
}

const caller = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom<Caller[]>("admin@tenant1.phoenix.io", "admin@tenant2.phoenix.io") },
  { weight: 2, arbitrary: fc.constantFrom(...callers) },
);

const http: fc.Arbitrary<HttpCall> = fc.record({
  kind: fc.constant("http" as const),
  operation: fc.nat(10_000),
  method: rarely(8, fc.constantFrom("HEAD", "OPTIONS", "GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND")),
  path: rarely(15, oddPath),
  segment,
  query: fc.oneof({ weight: 4, arbitrary: fc.constant("") }, { weight: 1, arbitrary: query }),
  caller,
  scheme: fc.oneof(
    { weight: 12, arbitrary: fc.constant("Bearer ") },
    { weight: 1, arbitrary: fc.constantFrom("", "bearer ", "Basic ", "Bearer  ", "Bearer x ", "Bearer") },
  ),
  headers: fc.oneof({ weight: 5, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: headers }),
  body,
  fitting: rarely(2, fitting),
  by: fc.oneof(
    { weight: 7, arbitrary: fc.constant("fetch" as const) },
    { weight: 1, arbitrary: fc.constant("http" as const) },
  ),
});

const topics = fc.constantFrom(
  "experiment.updates",
  "*",
  "experiment.created",
  "config.*",
  "experiment:{experiment}",
  "experiment:{foreign}",
  "nothing",
);

const frame = fc.oneof(
  fc
    .record(
      {
        type: fc.constantFrom(
          "subscribe",
          "subscribe",
          "unsubscribe",
          "auth",
          "authenticate",
          "ping",
          "nonsense",
        ),
        payload: fc.oneof(fc.record({ event: topics }), json),
        data: fc.oneof(fc.record({ topic: topics, since: oddNumber }), json),
        event: topics,
        channels: fc.array(topics, { maxLength: 3 }),
        experiment_id: id,
        filters: fc.record({ experiment_id: id }, { requiredKeys: [] }),
        since: fc.oneof(fc.constantFrom(0, 1, 3, 700_000), leaf),
        token: fc.oneof(fc.constant("{token}"), oddText),
      },
      { requiredKeys: ["type"] },
    )
    .map((value) => JSON.stringify(value)),
  fc.constantFrom(
    "2",
    "3",
    "40",
    '40{"token":"{token}"}',
    "40/admin,",
    "41",
    '42["message","{foreign}"]',
    "1",
    "6",
    "2probe",
    "5",
    "b64",
    "4",
  ),
  oddText,
  json.map((value) => JSON.stringify(value)),
);

const socket: fc.Arbitrary<SocketCall> = fc.record({
  kind: fc.constant("socket" as const),
  action: fc.oneof(
    { weight: 2, arbitrary: fc.constant("open" as const) },
    { weight: 6, arbitrary: fc.constant("send" as const) },
    { weight: 1, arbitrary: fc.constant("close" as const) },
  ),
  dialect: fc.constantFrom("raw", "raw", "socket.io", "polling", "elsewhere"),
  caller: fc.constantFrom(...callers),
  carrier: fc.constantFrom("query", "query", "access_token", "none", "protocol"),
  since: rarely(3, fc.constantFrom("0", "3", "700000", "-1", "1e3", "x")),
  text: frame,
});

const wait: fc.Arbitrary<WaitCall> = fc.record({
  kind: fc.constant("wait" as const),
  ms: fc.oneof(fc.integer({ min: 0, max: 3_000 }), fc.constantFrom(20_000, 60_000)),
});

/** One step of a client. */
export const call: fc.Arbitrary<Call> = fc.oneof(
  { weight: 12, arbitrary: http },
  { weight: 3, arbitrary: socket },
  { weight: 1, arbitrary: wait },
);
