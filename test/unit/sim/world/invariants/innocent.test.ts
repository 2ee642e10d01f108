/** What a client may write or do without a platform being accused of it, each beside what is still found. */
import { expect, test } from "vitest";

import { testWriter } from "../../../../../sim/world/invariants/index.js";
import { readTarget } from "../../../../../sim/world/invariants/requests.js";
import { answer, change, created, experiment, id, mine, others, watch } from "./watched-hub.js";

type Answered = ReturnType<typeof answer>;

/** @returns What breaks when these requests come and are answered, one after the other. */
function brokenBy(...answers: readonly Answered[]): readonly string[] {
  const { hub, broken } = watch();
  hub.onCommit([created], undefined);
  for (const each of answers) {
    hub.onRequest(each.request);
    hub.onResponse(each);
  }
  return broken;
}

function withBody(given: Answered, body: unknown): Answered {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { ...given, request: { ...given.request, body: text } };
}

function withHeaders(given: Answered, headers: Readonly<Record<string, string>>): Answered {
  return { ...given, request: { ...given.request, headers: { ...given.request.headers, ...headers } } };
}

const viewer = { ...mine, roles: ["viewer"] };
const good = { ...mine, exp: 100_000 };
const login = answer("POST", "/api/v1/auth/login", 200, {}, good);
const bearer = login.request.headers.authorization;
const given = { ...login, reply: { ...login.reply, body: JSON.stringify({ token: bearer.slice(7) }) } };

test.each([
  ["a refused password", answer("POST", "/api/v1/auth/login", 401, {}, good)],
  ["a refused refresh", answer("POST", "/v1/auth/refresh", 401, {}, good)],
  [
    "no word Bearer",
    withHeaders(answer("GET", "/api/v1/auth/me", 401, {}, good), { authorization: bearer.slice(7) }),
  ],
  [
    "more behind the token",
    withHeaders(answer("GET", "/api/v1/auth/me", 401, {}, good), { authorization: `${bearer} x` }),
  ],
  [
    "a clock that a fault set wrong",
    { ...answer("GET", "/api/v1/auth/me", 401, {}, good), hostNowMs: 100_000_001 },
  ],
])("token-validity says nothing of %s, and finds a good token that is refused", (_, innocent) => {
  expect(brokenBy(given, innocent)).toEqual([]);
  expect(brokenBy(given, innocent, answer("GET", "/api/v1/auth/me", 401, {}, good))).toEqual([
    "token-validity",
  ]);
});

test("roles lets a viewer look by HEAD and anybody ask for options, and finds what a viewer changes", () => {
  const head = answer(
    "HEAD",
    `/api/v1/experiments/${id}`,
    200,
    { id, state: "pending", name: "one" },
    viewer,
  );
  const options = answer("OPTIONS", `/api/v1/experiments/${id}`, 204, {}, {});
  expect(brokenBy(head, { ...options, reply: { ...options.reply, body: "" } })).toEqual([]);
  expect(brokenBy(answer("OPTIONS", "/api/v1/experiments", 200, { experiments: [] }, {}))).toEqual(["roles"]);
  expect(brokenBy(answer("PATCH", `/api/v1/experiments/${id}`, 200, { name: "one" }, viewer))).toEqual([
    "roles",
  ]);
});

const second = "22222222-2222-4222-8222-222222222222";

test("tenant-isolation lets a tenant read its own text, and finds the same id where the platform tells of it", () => {
  const posted = withBody(answer("POST", "/api/v1/deployments", 201, { description: `like ${id}` }, others), {
    description: `like ${id}`,
    parameters: { id },
  });
  const read = answer("GET", "/api/v1/deployments", 200, { items: [{ description: `like ${id}` }] }, others);
  const kept = answer("GET", "/api/v1/deployments", 200, { items: [{ parameters: { id } }] }, others);
  expect(brokenBy(posted, read, kept)).toEqual([]);
  expect(brokenBy(read)).toEqual(["tenant-isolation"]);
  const told = answer("GET", "/api/v1/deployments", 200, { items: [{ experiment_id: id }] }, others);
  expect(brokenBy(posted, told)).toEqual(["tenant-isolation"]);
});

test.each([
  ["a name of a template", answer("GET", `/api/v1/templates/${id}`, 200, { name: id }, others)],
  ["a search", answer("GET", `/api/v1/deployments?owner=${id}`, 200, { owner: id }, others)],
  ["a refusal", answer("GET", `/api/v1/experiments/${id}`, 403, { error: `forbidden: ${id}` }, others)],
  ["a preflight", answer("OPTIONS", `/api/v1/experiments/${id}`, 204, "", others)],
])("tenant-isolation lets an answer repeat its own request: %s", (_, innocent) => {
  expect(brokenBy(innocent)).toEqual([]);
});

test.each([
  ["that names it in the path", answer("DELETE", `/api/v1/experiments/${id}`, 204, "", others)],
  [
    "that names it in another case",
    answer("POST", `/api/v1/experiments/${id.replace("1", "%31")}/start`, 200, {}, others),
  ],
  [
    "whose body is about it",
    withBody(answer("POST", "/api/v1/control/signals", 201, {}, others), { experiment_id: id }),
  ],
])("tenant-isolation finds a request to another tenant's experiment that is carried out, %s", (_, guilty) => {
  expect(brokenBy(guilty)).toContain("tenant-isolation");
});

function tokenOf(claims: object): string {
  return answer("GET", "/", 200, {}, claims).request.headers.authorization.slice(7);
}

/** @returns What breaks when a socket of `others` sends and gets these frames. */
function brokenBySocket(
  frames: readonly (readonly ["onClientMessage" | "onFrame", unknown])[],
  path = "/ws",
): readonly string[] {
  const { hub, broken } = watch();
  hub.onCommit([created], undefined);
  const request = { url: `ws://gateway${path}?token=${tokenOf(others)}`, headers: {} };
  for (const [way, frame] of frames)
    hub[way]({ id: 1, host: "gateway-0", request, open: true }, textOf(frame));
  return broken;
}

function textOf(frame: unknown): string {
  return typeof frame === "string" ? frame : JSON.stringify(frame);
}

test("a token in a text of the client does not make it somebody else", () => {
  const topic = { type: "subscribe", topic: tokenOf(mine) };
  const news = { type: "alert", experiment_id: id };
  expect(
    brokenBySocket([
      ["onClientMessage", topic],
      ["onFrame", news],
    ]),
  ).toEqual(["tenant-isolation"]);
  const news2 = { type: "alert", experiment_id: second };
  expect(
    brokenBySocket([
      ["onClientMessage", { type: "subscribe", topic: tokenOf(mine) }],
      ["onFrame", news2],
    ]),
  ).toEqual([]);
  expect(
    brokenBySocket([
      ["onClientMessage", { type: "auth", token: tokenOf(mine) }],
      ["onFrame", news],
    ]),
  ).toEqual([]);
  // Each dialect has its own frame for it, and to the other one it is only text.
  const connect = `40${JSON.stringify({ token: tokenOf(mine) })}`;
  const both = (path: string, frame: unknown): readonly string[] =>
    brokenBySocket(
      [
        ["onClientMessage", frame],
        ["onFrame", news],
      ],
      path,
    );
  expect(both("/socket.io/", connect)).toEqual([]);
  expect(both("/ws", connect)).toEqual(["tenant-isolation"]);
  expect(both("/socket.io/", { type: "auth", token: tokenOf(mine) })).toEqual(["tenant-isolation"]);
});

test("a frame may repeat what its client sent, and news may not", () => {
  const topic = { type: "subscribe", event: `experiment:${id}` };
  const confirmed = { type: "subscribed", topics: [`experiment:${id}`] };
  expect(
    brokenBySocket([
      ["onClientMessage", topic],
      ["onFrame", confirmed],
    ]),
  ).toEqual([]);
  const news = { type: "experiment.update", experiment_id: id };
  expect(
    brokenBySocket([
      ["onClientMessage", topic],
      ["onFrame", news],
    ]),
  ).toContain("tenant-isolation");
  const event = `42["experiment:${id}",{"seq":1}]`;
  expect(
    brokenBySocket([
      ["onClientMessage", topic],
      ["onFrame", event],
    ]),
  ).toEqual(["tenant-isolation"]);
});

test("one key and one body in another order are one request, and two bodies are two", () => {
  const key = { "idempotency-key": "k" };
  const made = answer("POST", "/api/v1/experiments", 201, { id, name: "one" }, mine, key);
  const first = withBody(made, '{"name":"one","description":"x"}');
  const again = withBody(made, '{ "description": "x", "name": "\\u006fne" }');
  expect(brokenBy(first, again)).toEqual([]);
  expect(brokenBy(first, withBody(made, '{"name":"one"}'))).toEqual(["unique-ids", "idempotency"]);
});

test("a name may come with spaces, escaped or beside another name, and another name than asked for is found", () => {
  const renamed = answer("PATCH", `/api/v1/experiments/${id}`, 200, { id, name: "one" }, mine);
  for (const body of [
    { name: "  one " },
    '{"name":"\\u006fne"}',
    { metadata: { name: "x" } },
    { spec: { name: "one" } },
  ])
    expect(brokenBy(withBody(renamed, body))).toEqual([]);
  expect(brokenBy(withBody(renamed, { name: "two" }))).toEqual(["acknowledged-writes"]);
});

test("an id is an id in upper case and in percent-encoding", () => {
  const upper = "ABCDEF12-1111-4111-8111-111111111111";
  const row = experiment({ id: upper.toLowerCase(), state: "cancelled" });
  for (const spelling of [upper, upper.replace("A", "%41")]) {
    const { hub, broken } = watch();
    hub.onCommit([{ ...change("experiments", null, row), key: row.id }], testWriter);
    hub.onResponse(answer("POST", `/api/v1/experiments/${spelling}/stop`, 200, {}, mine));
    hub.onResponse(
      answer("GET", `/api/v1/experiments/${spelling}/metrics`, 200, { labels: { node: "node1" } }, mine),
    );
    expect(broken).toEqual([]);
    hub.onResponse(answer("DELETE", `/api/v1/experiments/${spelling}`, 204, "", mine));
    expect(broken).toEqual(["acknowledged-writes"]);
  }
});

test("paths are read as they came: no dots are taken out, no host is needed, and no URL is too broken", () => {
  expect(readTarget("http://gateway:8080/v1/../health?a=1#b")).toEqual({
    path: "/v1/../health",
    query: "?a=1",
  });
  expect(readTarget("http://[::/x%zz?")).toEqual({ path: "/x%zz", query: "" });
  expect(readTarget("//x/%ff%41")).toEqual({ path: "//x/%ff%41", query: "" });
  expect(readTarget("http://gateway")).toEqual({ path: "/", query: "" });
});

test("what a test writes into the database is noted and not judged; what a service writes then is", () => {
  const { hub, broken } = watch();
  hub.onCommit([change("experiments", null, experiment({ state: "running" }))], testWriter);
  hub.onCommit(
    [change("experiments", experiment({ state: "running" }), experiment({ name: "x" }))],
    testWriter,
  );
  expect(broken).toEqual([]);
  hub.onCommit([change("experiments", experiment({ name: "x" }), experiment({ state: "completed" }))], {
    host: "controller-0",
    incarnation: 1,
  });
  expect(broken).toContain("legal-transitions");
});

const everything = { type: "subscribe", event: "experiment.updates" };
const eventOf = (seq: number) => ({
  type: "experiment.update",
  experiment_id: second,
  seq,
  state: "pending",
});

test.each([
  ["narrows it by a filter", { ...everything, filters: { experiment_id: second } }],
  [
    "names another topic beside the payload's",
    { ...everything, payload: everything, event: "experiment.created" },
  ],
  ["asks for a place that is none", { ...everything, since: "yesterday" }],
  [
    "hides the topic behind a hundred others",
    { type: "subscribe", topics: [...Array(100).keys()].map(String), event: "*" },
  ],
])("socket-order owes not everything to a client that %s", (_, frame) => {
  const { hub, broken } = watch();
  const row = { ...experiment(), id: second, tenant_id: "tenant2" };
  hub.onCommit([{ ...change("experiments", null, row), key: second }], undefined);
  for (const seq of [1, 2, 3])
    hub.onCommit(
      [
        change("experiment_events", null, {
          experiment_id: second,
          seq,
          to_state: "pending",
          tenant_id: "tenant2",
        }),
      ],
      undefined,
    );
  const request = { url: `ws://gateway/ws?token=${tokenOf(others)}`, headers: {} };
  const socket = { id: 1, host: "gateway-0", request, open: true };
  const reportGap = (): void => {
    for (const seq of [1, 3]) hub.onFrame(socket, JSON.stringify(eventOf(seq)));
  };
  hub.onClientMessage(socket, JSON.stringify(frame));
  reportGap();
  expect(broken).toEqual([]);
  hub.onClientMessage(socket, JSON.stringify(everything));
  reportGap();
  expect(broken).toEqual(["socket-order"]);
});
