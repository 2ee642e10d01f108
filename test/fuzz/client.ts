/** Carries calls out in one world, and says what is wrong with an answer. */
import http from "node:http";

import { createSigner } from "fast-jwt";
import { type Phoenix, createPhoenix } from "../../sim/index.js";

import { routes } from "../../src/gateway/gateway.js";
import { type Call, type Caller, type HttpCall, type SocketCall, callers, places } from "./calls.js";

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly statuses: ReadonlySet<number>;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** A client that may be anybody. */
export interface FuzzClient {
  /** @throws Error when an answer is not what it should be, or an invariant is broken. */
  run(call: Call): Promise<void>;
  /** How often each status was answered. */
  readonly statuses: ReadonlyMap<number, number>;
  /** Ends everything and lets the world converge. @throws The same. */
  end(): Promise<void>;
}

const password = (email: string): string =>
  email === "admin@phoenix.io" ? "admin123" : email.includes("tenant1") ? "tenant1" : "tenant2";

/** Begins a world with something of each kind in two tenants. */
export async function createFuzzClient(seed: number): Promise<FuzzClient> {
  const phoenix = await createPhoenix({ seed, nodes: 2 });
  const { operations, tokens, known } = await prepare(phoenix);
  const sockets: WebSocket[] = [];
  const statuses = new Map<number, number>();
  const agent = (await phoenix.realClients()).createHttpAgent();

  const filled = (text: string, caller: Caller): string => fill(text, known, tokens.get(caller) ?? "");

  async function runHttp(call: HttpCall): Promise<void> {
    const operation = operations[call.operation % operations.length];
    if (operation === undefined) return;
    const method = call.method ?? operation.method;
    const path = filled(
      call.path ?? operation.path.replaceAll(/\{\w+\}/g, segmentOf(call, operation)),
      call.caller,
    );
    const token = tokens.get(call.caller) ?? "";
    const given = Object.entries(call.headers).map(([name, value]) => [name, filled(value, call.caller)]);
    const headers = Object.fromEntries(
      token === "" ? given : [...given, ["authorization", `${call.scheme}${token}`]],
    ) as Record<string, string>;
    const text = fittingBody(call, operation) ?? call.body;
    const body = method === "GET" || method === "HEAD" ? undefined : filled(text, call.caller);
    const url = path + call.query;
    const send = call.by === "http" ? viaHttp : viaFetch;
    const answer = await send(phoenix, agent, { method, url, headers, body });
    if (answer === undefined) return;
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    const routed = call.method === undefined && call.path === undefined ? operation : undefined;
    const problem = problemOf(method, answer, routed);
    if (problem !== undefined)
      throw new Error(
        `${method} ${url}: ${problem}, answered ${answer.text.slice(0, 400)} to ${body?.slice(0, 400)}`,
      );
    remember(known, answer);
  }

  async function runSocket(call: SocketCall): Promise<void> {
    const text = filled(call.text, call.caller);
    if (call.dialect === "polling") return runPolling(call, text);
    const open = sockets.filter(({ readyState }) => readyState === 1);
    const socket = open[text.length % Math.max(1, open.length)];
    if (call.action === "send") socket?.send(text);
    else if (call.action === "close") socket?.close();
    else sockets.push(openSocket(phoenix, call, tokens.get(call.caller) ?? ""));
    await phoenix.clock.advance("50ms");
  }

  let sid = "none";
  async function runPolling({ action }: SocketCall, text: string): Promise<void> {
    const base = `${phoenix.url}/socket.io/?EIO=4&transport=polling`;
    if (action === "open") {
      const opened = await phoenix.fetch(base);
      sid = (JSON.parse((await opened.text()).slice(1)) as { sid: string }).sid;
      return;
    }
    const body = action === "close" ? "1" : text;
    const response = await phoenix.fetch(`${base}&sid=${sid}`, { method: "POST", body });
    if (response.status >= 500)
      throw new Error(`polling ${body.slice(0, 100)} was answered ${response.status}`);
    await response.text();
    const polled = phoenix.fetch(`${base}&sid=${sid}`).then(async (each) => each.text());
    await phoenix.clock.advance("200ms");
    await phoenix.clock.advance("26s");
    await polled;
  }

  return {
    statuses,
    async run(call) {
      if (call.kind === "http") await runHttp(call);
      else if (call.kind === "socket") await runSocket(call);
      else await phoenix.clock.advance(call.ms);
      if (phoenix.failure !== undefined) throw phoenix.failure;
    },
    async end() {
      for (const email of callers.filter((caller) => caller.startsWith("admin"))) {
        const client = phoenix.clientFor(email, password(email));
        const rows = phoenix.postgres.rows("experiments").filter((row) => row["deleted"] !== true);
        for (const { id } of rows) await client.stopExperiment(String(id)).catch(() => undefined);
      }
      for (const socket of sockets) socket.close();
      await phoenix.converge({ within: "3h" });
      agent.destroy();
      await phoenix.dispose({ force: true });
    },
  };
}

async function prepare(phoenix: Phoenix) {
  const tokens = new Map<Caller, string>();
  const known = new Map<string, string>();
  for (const caller of callers.filter((each) => each.includes("@"))) {
    const { token } = await phoenix.clientFor(caller, password(caller)).login(caller, password(caller));
    tokens.set(caller, token);
  }
  const claims = {
    user_id: "u",
    email: "e",
    roles: ["admin"],
    tenant_id: "tenant1",
    iss: "phoenix-platform",
  };
  const sign = (key: string, exp: number): string =>
    createSigner({ key, noTimestamp: true })({ ...claims, exp });
  tokens.set("expired", sign("phoenix-development-secret", 1));
  tokens.set("forged", sign("another", 9_999_999_999));
  const document = (await (await phoenix.fetch(`${phoenix.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
  };
  const operations: Operation[] = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { responses }]) => ({
      method: method.toUpperCase(),
      path,
      statuses: new Set(Object.keys(responses).map(Number)),
    })),
  );
  const post = async (caller: Caller, path: string, body: unknown): Promise<Record<string, unknown>> => {
    const headers = { authorization: `Bearer ${tokens.get(caller)}`, "content-type": "application/json" };
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    return (await (await phoenix.fetch(`${phoenix.url}/api/v1${path}`, init)).json()) as Record<
      string,
      unknown
    >;
  };
  const admin = "admin@tenant1.phoenix.io";
  const config = { duration: "2m" };
  const experiment = String((await post(admin, "/experiments", { name: "mine", config }))["id"]);
  known.set("{experiment}", experiment);
  known.set(
    "{foreign}",
    String((await post("admin@tenant2.phoenix.io", "/experiments", { name: "theirs", config }))["id"]),
  );
  known.set("{load}", String((await post(admin, "/load-simulations", { experiment_id: experiment }))["id"]));
  const split = {
    experiment_id: experiment,
    type: "traffic_split",
    parameters: { baseline: 20, candidate: 80 },
  };
  known.set("{signal}", String((await post(admin, "/control/signals", split))["id"]));
  const deployment = { deployment_name: "one", pipeline_name: "process-topk-v1" };
  known.set("{deployment}", String((await post(admin, "/pipelines/deployments", deployment))["id"]));
  known.set("{template}", String((await post(admin, "/templates", { name: "mine", content: "x" }))["name"]));
  return { operations, tokens, known };
}

/** What a route takes, by the end of its path. */
const kinds: readonly (readonly [end: RegExp, kind: string])[] = [
  [/\/experiments(?:\/check-overlap)?$/, "create"],
  [/\/experiments\/\{id\}$/, "change"],
  [/\/load-simulations$/, "load"],
  [/\/deployments(?:\/\{id\})?$/, "deployment"],
  [/\/templates(?:\/\{name\})?$/, "template"],
  [/\/signals$/, "signal"],
  [/\/pipeline-config$/, "processors"],
  [/\/promote$/, "promote"],
  [/\/state$/, "state"],
  [/\/generate$/, "generate"],
  [/\/login$/, "login"],
  [/\/refresh$/, "token"],
  [/\/register$/, "register"],
  [/\/(?:validate|preview)$/, "configuration"],
];

function segmentOf({ segment }: HttpCall, { path }: Operation): string {
  if (segment !== "{right}") return segment;
  if (path.includes("/deployments/")) return "{deployment}";
  if (path.includes("/load-simulations/")) return "{load}";
  if (path.includes("/signals/")) return "{signal}";
  if (path.includes("/templates/")) return "{template}";
  return path.includes("/pipelines/") ? "process-topk-v1" : "{experiment}";
}

function fittingBody({ fitting }: HttpCall, { path }: Operation): string | undefined {
  const kind = kinds.find(([end]) => end.test(path))?.[1];
  return fitting === undefined || kind === undefined ? undefined : JSON.stringify(fitting[kind]);
}

function fill(text: string, known: ReadonlyMap<string, string>, token: string): string {
  if (!text.includes("{")) return text;
  let result = text.replaceAll("{token}", token).replaceAll("{TOKEN}", token);
  for (const place of places) {
    const value = known.get(place) ?? "";
    result = result.replaceAll(place, value).replaceAll(place.toUpperCase(), value.toUpperCase());
  }
  return result;
}

// What was made last is what is asked for next; each tenant's experiments take turns as the other's.
function remember(known: Map<string, string>, { status, text }: Answer): void {
  if (status !== 201) return;
  const { id, experiment, tenant_id: tenant } = JSON.parse(text) as Record<string, unknown>;
  if (typeof id === "string" && experiment !== undefined)
    known.set(tenant === "tenant1" ? "{experiment}" : "{foreign}", id);
}

interface Request {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

// Undefined when the client itself refuses to send it.
async function viaFetch(
  phoenix: Phoenix,
  _agent: http.Agent,
  { url, body, ...init }: Request,
): Promise<Answer | undefined> {
  let response: Response;
  try {
    response = await phoenix.fetch(phoenix.url + url, { ...init, ...(body === undefined ? {} : { body }) });
  } catch (error) {
    if (phoenix.failure !== undefined || !(error instanceof TypeError) || error.message === "fetch failed")
      throw error;
    return undefined;
  }
  return {
    status: response.status,
    text: await response.text(),
    headers: Object.fromEntries(response.headers),
  };
}

async function viaHttp(
  _phoenix: Phoenix,
  agent: http.Agent,
  { url, body, ...init }: Request,
): Promise<Answer | undefined> {
  return new Promise((resolve, reject) => {
    let request: http.ClientRequest;
    try {
      // Node tells no length for methods that seldom have a body, and sends the body nevertheless.
      const length = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
      const headers = { ...init.headers, ...length };
      request = http.request({ ...init, headers, host: "gateway", port: 8080, path: url, agent });
    } catch {
      resolve(undefined);
      return;
    }
    request.on("error", reject);
    request.on("response", (response) => {
      let text = "";
      response.on("data", (data: Buffer) => (text += data.toString()));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, text, headers: response.headers }),
      );
    });
    request.end(body);
  });
}

/** @returns What is wrong with an answer; undefined when nothing is. */
function problemOf(
  method: string,
  { status, text, headers }: Answer,
  operation: Operation | undefined,
): string | undefined {
  if (status >= 500) return `status ${status}`;
  if (status === 405 && headers["allow"] === undefined) return "405 without the methods that are allowed";
  if (method === "HEAD" || text === "") return undefined;
  if (status >= 400) {
    const { error, code } = JSON.parse(text) as Record<string, unknown>;
    const isSocketIo = typeof code === "number";
    if (!isSocketIo && (typeof error !== "string" || typeof code !== "string"))
      return "a refusal without code and text";
  }
  if (operation === undefined) return undefined;
  // A segment of two parts, or of none, leads elsewhere.
  const isElsewhere = status === 405 || (status === 404 && text.includes("no such route"));
  if (isElsewhere) return undefined;
  if (!operation.statuses.has(status)) return `status ${status}, which the document does not know`;
  if (status >= 300) return undefined;
  const route = routes.find(
    (each) => `/api/v1${each.path}` === operation.path && each.method.toUpperCase() === operation.method,
  );
  const parsed = route?.answer?.().safeParse(JSON.parse(text));
  return parsed?.success === false ? `not what the document says: ${parsed.error.message}` : undefined;
}

function openSocket(phoenix: Phoenix, { dialect, carrier, since }: SocketCall, token: string): WebSocket {
  const path = {
    raw: "/ws",
    "socket.io": "/socket.io/",
    polling: "/socket.io/",
    elsewhere: "/api/v1/experiments",
  }[dialect];
  const query = new URLSearchParams(dialect === "socket.io" ? { EIO: "4", transport: "websocket" } : {});
  if (carrier === "query") query.set("token", token);
  if (carrier === "access_token") query.set("access_token", token);
  if (since !== undefined) query.set("since", since);
  const address = `${phoenix.url.replace("http", "ws")}${path}?${query}`;
  const protocols = carrier === "protocol" && token !== "" ? ["bearer", token] : [];
  return new phoenix.WebSocket(address, protocols);
}
