/**
 * `fetch` into a world: real `Request` and `Response` outside, the simulated network inside.
 *
 * While a call is pending it holds the loop, so that virtual time moves. Latency and faults come from the
 * network; errors have the shape that Node's own fetch gives them.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import http, { type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { RawData, WebSocket, WebSocketServer } from "ws";

import type { HttpReply, HttpRequest } from "../../../src/ports/index.js";
import { SimError } from "../../errors.js";
import type { Incarnation, Loop } from "../../kernel/index.js";
import { NetworkError, sendHttp, type Connection, type Network } from "../../kernel/network/index.js";
import { describeRequest, type Callers } from "./callers.js";
import { plainHeaders } from "./node-http.js";
import {
  readOutsideHandlers,
  serveByHandlers,
  serveByMockServer,
  socketClassOf,
  type OutsideHandlers,
  type OutsideSocket,
} from "./outside-handlers.js";
import { requireRoute } from "./routes.js";
import { acceptWebSocket, type WorldServerSocket } from "./server-socket.js";
import {
  countRequest,
  type Activity,
  type PortService,
  type SocketFrame,
  type StreamOpening,
} from "./stream-server.js";
import { isLongPoll, longPollHoldMs } from "./web-socket-checks.js";

// What somebody passed to `fetch`, as plain data.
//
// The common case, an address and a text body, is read without building a `Request`, which would cost more
// than the rest of the call. Everything else goes through a real one, so that its rules are the platform's.

/** One request as the network carries it, and how its sender wants it treated. */
export interface FetchCall {
  readonly url: URL;
  readonly method: string;
  /** Names are lower case. */
  readonly headers: Record<string, string>;
  readonly body: string;
  /** The same body, for those who take more than text. */
  readonly bytes?: Uint8Array<ArrayBuffer>;
  readonly signal: AbortSignal | undefined;
  readonly redirect: RequestRedirect;
}

/**
 * Reads the arguments of one `fetch`. A plain call is answered at once, others as a promise, because a stream
 * can only be read over time.
 *
 * @throws TypeError as `fetch` does, for addresses, methods and headers that it refuses.
 * @throws SimError `SIM_UNSUPPORTED` for bodies that are not text.
 */
function readCall(input: RequestInfo | URL, init: RequestInit = {}): FetchCall | Promise<FetchCall> {
  const { body } = init;
  for (const option of ["integrity", "dispatcher"]) if (option in init) throw optionError(option);
  if (body instanceof FormData) throw formDataError();
  if (input instanceof Request || !(typeof body === "string" || body === undefined || body === null)) {
    return readRequest(new Request(input, withDuplex(init)));
  }
  const method = normalMethod(init.method);
  const text = body ?? "";
  if (text !== "" && (method === "GET" || method === "HEAD")) {
    throw new TypeError("Request with GET/HEAD method cannot have body.");
  }
  const headers = headersOf(new Headers(init.headers));
  if (typeof body === "string") headers["content-type"] ??= "text/plain;charset=UTF-8";
  return {
    url: parseUrl(String(input)),
    method,
    headers,
    body: text,
    signal: init.signal ?? undefined,
    redirect: init.redirect ?? "follow",
  };
}

async function readRequest(request: Request): Promise<FetchCall> {
  const { signal, method, redirect } = request;
  signal.throwIfAborted();
  const headers = headersOf(request.headers);
  if (headers["content-type"]?.startsWith("multipart/form-data") === true) throw formDataError();
  const body = request.body === null ? "" : decode(await bytesOf(request));
  return { url: parseUrl(request.url), method, headers, body, signal, redirect };
}

/** Reads the arguments of one `fetch` to somebody who takes bodies of every kind. @throws TypeError as `fetch` does. */
async function readCallWithBytes(input: RequestInfo | URL, init: RequestInit = {}): Promise<FetchCall> {
  const request = new Request(input, withDuplex(init));
  const { signal, method, redirect } = request;
  signal.throwIfAborted();
  const bytes = new Uint8Array(await bytesOf(request));
  const body = new TextDecoder().decode(bytes);
  return {
    url: parseUrl(request.url),
    method,
    headers: headersOf(request.headers),
    body,
    bytes,
    signal,
    redirect,
  };
}

// A body that is a stream may never end; who gives up need not wait for it.
async function bytesOf(request: Request): Promise<ArrayBuffer> {
  const { signal } = request;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort);
    request
      .arrayBuffer()
      .then((bytes) => {
        if (signal.aborted) onAbort();
        else resolve(bytes);
      }, reject)
      .finally(() => signal.removeEventListener("abort", onAbort));
  });
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(bytes: ArrayBuffer): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new SimError(
      "SIM_UNSUPPORTED",
      `Cannot send a body of ${bytes.byteLength} bytes that is not UTF-8 text.`,
      "The simulated services speak text. Encode the bytes, for example as base64.",
      { cause },
    );
  }
}

function optionError(option: string): SimError {
  return new SimError(
    "SIM_UNSUPPORTED",
    `Cannot fetch with the option "${option}".`,
    "Leave it out; for a dispatcher of undici, use undici's own fetch and that of createRealClients.",
  );
}

function formDataError(): SimError {
  return new SimError(
    "SIM_UNSUPPORTED",
    "Cannot send FormData: its multipart boundary is random, and no simulated service reads it.",
    "Send JSON, or URLSearchParams for a form.",
  );
}

// Node demands `duplex` with a stream; the other bodies do not mind it.
function withDuplex(init: RequestInit): RequestInit {
  return init.body instanceof ReadableStream ? ({ duplex: "half", ...init } as RequestInit) : init;
}

function parseUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new TypeError(`Failed to parse URL from ${text}`, { cause });
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new SimError(
      "SIM_UNSUPPORTED",
      `Cannot fetch ${text.slice(0, 80)}: only http: and https: reach a simulated host.`,
      "Use the address of a service, such as phoenix.url.",
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new TypeError(`Request cannot be constructed from a URL that includes credentials: ${text}`);
  }
  return url;
}

const normalised = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]);
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

function normalMethod(method = "GET"): string {
  if (normalised.has(method)) return method;
  const upper = method.toUpperCase();
  if (!token.test(method) || upper === "CONNECT" || upper === "TRACE" || upper === "TRACK") {
    throw new TypeError(`'${method}' is not a valid HTTP method.`);
  }
  return normalised.has(upper) ? upper : method;
}

function headersOf(headers: Headers): Record<string, string> {
  const plain: Record<string, string> = { accept: "*/*", "user-agent": "node" };
  for (const [name, value] of headers) plain[name] = value;
  return plain;
}

export interface WorldFetchOptions {
  readonly network: Network;
  /** The incarnation of the host that the calls come from. */
  readonly incarnation: Incarnation;
  readonly loop: Loop;
  /** Virtual milliseconds until a call without an answer fails with `UND_ERR_HEADERS_TIMEOUT`. @default 300_000 */
  readonly headersTimeoutMs?: number;
  /** Third parties, which take and give bytes, where services of the platform take text. */
  readonly outside?: Outside | undefined;
  /** Undefined where nobody wants to know which line of the user's code stands behind a call. */
  readonly callers?: Callers | undefined;
}

const redirectsMax = 20;
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const withoutBody: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * @returns A `fetch` whose calls reach the services of this world, and nothing else. It rejects with
 * `TypeError("fetch failed")` and a cause with a Node code when the network fails, with the reason of an
 * aborted signal, and with SimError `SIM_ROUTE_UNKNOWN` or `SIM_UNSUPPORTED` for what no world can serve.
 */
export function createWorldFetch(options: WorldFetchOptions): typeof fetch {
  return async (input, init) => {
    const read = isOutside(options, input) ? readCallWithBytes(input, init) : readCall(input, init);
    let call = read instanceof Promise ? await read : read;
    for (let followed = 0; ; followed += 1) {
      const reply = await sendCall(options, call);
      const location = redirects.has(reply.status) ? reply.headers["location"] : undefined;
      if (location === undefined || call.redirect === "manual") return toResponse(call, reply, followed > 0);
      if (call.redirect === "error" || followed >= redirectsMax) {
        throw fetchFailed(
          new Error(call.redirect === "error" ? "unexpected redirect" : "redirect count exceeded"),
        );
      }
      call = redirected(call, reply.status, location);
    }
  };
}

/**
 * Sends one request and holds the loop until it is answered.
 *
 * @throws What `fetch` throws.
 */
export async function sendCall(
  { network, incarnation, loop, callers, headersTimeoutMs = 300_000 }: WorldFetchOptions,
  call: Omit<FetchCall, "redirect">,
): Promise<HttpReply> {
  const { signal, url, method, headers, body, bytes } = call;
  signal?.throwIfAborted();
  requireRoute(network.fabric, url);
  headers["host"] = url.host;
  url.hash = "";
  const href = url.href;
  return new Promise<HttpReply>((resolve, reject) => {
    let abort: (error: Error) => void = () => {};
    let release = (): void => {};
    const cancelTimeout = incarnation.schedule(headersTimeoutMs, "timer", "fetch/headers-timeout", () =>
      abort(headersTimeoutError(headersTimeoutMs)),
    );
    const onSignal = (): void => abort(signal?.reason as Error);
    signal?.addEventListener("abort", onSignal);

    function end(): void {
      release();
      cancelTimeout();
      signal?.removeEventListener("abort", onSignal);
    }

    if (isLongPoll(method, href))
      incarnation.schedule(longPollHoldMs, "timer", "fetch/long-poll", () => release());
    release = loop.hold({
      describe: () => `fetch ${method} ${href}`,
      fail(error) {
        end();
        reject(error);
      },
    });
    const request = { method, url: href, headers, body, ...(bytes === undefined ? {} : { bytes }) };
    const onAbort = (abortExchange: (error: Error) => void): void => {
      abort = abortExchange;
    };
    const describe = callers && describeRequest(callers, method, url.pathname);
    sendHttp(network, incarnation, request, Infinity, { onAbort, describe }).then(
      (reply) => {
        end();
        resolve(reply);
      },
      (error: Error) => {
        end();
        const isSimulated =
          error instanceof SimError || (signal?.aborted === true && error === signal.reason);
        reject(isSimulated ? error : fetchFailed(error));
      },
    );
  });
}

function fetchFailed(cause: Error): TypeError {
  return new TypeError("fetch failed", { cause });
}

function headersTimeoutError(afterMs: number): Error {
  const error = new Error(`Headers Timeout Error (no answer in ${afterMs} ms)`);
  error.name = "HeadersTimeoutError";
  return Object.assign(error, { code: "UND_ERR_HEADERS_TIMEOUT" });
}

// As the fetch standard has it: 303 always, and 301 and 302 after POST, go on as GET.
function redirected(call: FetchCall, status: number, location: string): FetchCall {
  const url = new URL(location, call.url);
  const headers = { ...call.headers };
  if (url.origin !== call.url.origin) {
    delete headers["authorization"];
    delete headers["cookie"];
  }
  const becomesGet =
    (status === 303 && call.method !== "HEAD") ||
    ((status === 301 || status === 302) && call.method === "POST");
  if (!becomesGet) return { ...call, url, headers };
  delete headers["content-type"];
  const bytes = call.bytes === undefined ? {} : { bytes: new Uint8Array(0) };
  return { ...call, url, headers, method: "GET", body: "", ...bytes };
}

function isOutside({ outside }: WorldFetchOptions, input: RequestInfo | URL): boolean {
  const text = input instanceof Request ? input.url : String(input);
  return outside !== undefined && URL.canParse(text) && outside.claims(new URL(text).hostname);
}

function toResponse(call: FetchCall, reply: OutsideReply, wasRedirected: boolean): Response {
  const { status, headers } = reply;
  const body = withoutBody.has(status) || call.method === "HEAD" ? null : reply.body;
  const response = reply.response ?? new Response(body, { status, headers });
  // The constructor of Response does not take these.
  Object.defineProperty(response, "url", { value: call.url.href, configurable: true });
  if (wasRedirected) Object.defineProperty(response, "redirected", { value: true, configurable: true });
  return response;
}

// The server's end for real clients of third parties: bytes and streams of HTTP, and sockets by `ws`.

/** Who answers. */
interface OutsideParty {
  /** @returns The answer, or what the client gets instead of one. */
  answer(request: Request): Promise<Response | Error>;
  takesSocket(url: string): boolean;
  serveSocket(socket: OutsideSocket, url: string, protocols: readonly string[]): void;
  unmatched(what: string): Error;
}

/** @returns A server that never listens on a port. */
function createOutsideServer(
  party: OutsideParty,
  incarnation: Incarnation,
  activityOf: (socket: object) => Activity | undefined,
  sockets: WebSocketServer,
): Server {
  const server = http.createServer();
  server.on("request", (request, response) => {
    const activity = activityOf(request.socket);
    if (activity !== undefined) countRequest(incarnation, activity, request, response);
    // Node would take the date from the process.
    response.sendDate = false;
    response.setHeader("date", new Date(incarnation.host.now()).toUTCString());
    const fail = (error: Error): void => {
      if ("code" in error && error.code === "ECONNRESET") request.socket.destroy(error);
      else activity?.fail(error);
    };
    // A client that went away has no answer to wait for.
    serve(party, request, response, activity?.secure === true, fail).catch(() => response.destroy());
  });
  server.on("upgrade", (request, socket, head) => {
    const activity = activityOf(socket);
    const url = addressOf(request, activity?.secure === true ? "wss:" : "ws:");
    if (!party.takesSocket(url)) {
      activity?.fail(party.unmatched(`a WebSocket to ${url}`));
      return;
    }
    if (activity !== undefined) activity.upgraded = true;
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      party.serveSocket(fromWs(webSocket), url, webSocket.protocol === "" ? [] : [webSocket.protocol]);
    });
  });
  return server;
}

async function serve(
  party: OutsideParty,
  request: IncomingMessage,
  response: ServerResponse,
  isSecure: boolean,
  fail: (error: Error) => void,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { method = "GET" } = request;
  const body = method === "GET" || method === "HEAD" ? {} : { body: Buffer.concat(chunks) };
  const headers = plainHeaders(request.headers);
  const url = addressOf(request, isSecure ? "https:" : "http:");
  const answer = await party.answer(new Request(url, { method, headers, ...body }));
  if (answer instanceof Error) {
    fail(answer);
    return;
  }
  const { status, statusText } = answer;
  for (const [name, value] of answer.headers) response.appendHeader(name, value);
  response.writeHead(status, statusText === "" ? undefined : statusText);
  if (answer.body === null) {
    response.end();
    return;
  }
  for await (const chunk of answer.body) response.write(chunk);
  response.end();
}

function addressOf({ url = "/", headers }: IncomingMessage, scheme: string): string {
  return url.startsWith("/") ? `${scheme}//${headers.host ?? "outside"}${url}` : url;
}

function fromWs(webSocket: WebSocket): OutsideSocket {
  // What breaks a socket is followed by its close, which the handler hears.
  webSocket.on("error", () => {});
  return {
    send(data) {
      if (webSocket.readyState === webSocket.OPEN) webSocket.send(data);
    },
    close: (code, reason) => webSocket.close(code, reason),
    onMessage(listener) {
      webSocket.on("message", (data: RawData, isBinary: boolean) => {
        listener(isBinary ? Uint8Array.from(data as Buffer) : (data as Buffer).toString());
      });
    },
    onClose(listener) {
      webSocket.on("close", (code, reason) => listener(code, reason.toString()));
    },
  };
}

// Third parties of a world: one host, `outside`, that answers for all of them by handlers of the user's. What is
// sent there crosses the simulated network, so it takes time, and meets faults, as everything else does.

/** The name of the host, for faults: `phoenix.network.partition("gateway", "outside")`. */
export const outsideHost = "outside";

/** The third parties of one world. */
export interface Outside {
  /** Answers at every port of the host `outside`, until that incarnation ends. */
  listen(incarnation: Incarnation): void;
  /** Whether a host is one of theirs. */
  claims(hostname: string): boolean;
  /** Whether what is asked for now shall reach the real network, as `passthrough()` of a handler wants it. */
  isPassing(): boolean;
  /** @throws SimError `SIM_ROUTE_UNKNOWN` for a host of theirs, where nobody takes a socket at this address. */
  requireSocket(url: URL): void;
}

/** What comes by `fetch`: bytes go in, and the response of the handler comes out as it is. */
interface OutsideRequest extends HttpRequest {
  readonly bytes?: Uint8Array<ArrayBuffer>;
}

/** What goes back by `fetch`. */
interface OutsideReply extends HttpReply {
  readonly response?: Response;
  /** What the client gets instead of an answer. */
  readonly failure?: Error;
}

/**
 * @param given - Handlers of msw, and servers of mock-socket.
 * @throws SimError `SIM_OPTION_INVALID` for what is none of them, or names no host.
 */
export function createOutside(network: Network, loop: Loop, given: unknown): Outside {
  const handlers = readOutsideHandlers(given);
  const passing = new AsyncLocalStorage<boolean>();
  const servers = handlers.servers.map((server) => ({
    url: server.url,
    MockSocket: socketClassOf(server),
  }));
  let count = 0;
  const nextId = (): string => `outside-${(count += 1)}`;

  async function answer(request: Request): Promise<Response | Error> {
    const kept = request.clone();
    try {
      for (const handler of handlers.requests) {
        const result = await handler.run({ request, requestId: nextId() });
        const response = result?.response;
        if (response === undefined) continue;
        if (response.type === "error")
          return new NetworkError("ECONNRESET", "The third party broke the connection");
        if (response.headers.get("x-msw-intention") !== "passthrough") return response;
        return await passing.run(true, async () => fetch(kept));
      }
    } catch (error) {
      return error instanceof Response ? error : handlerFailed(error);
    }
    return unmatched(`${request.method} ${request.url}`, handlers);
  }

  const serverAt = (url: string) => servers.find((server) => sameAddress(server.url, url));
  const takesSocket = (url: string): boolean =>
    serverAt(url) !== undefined || handlers.sockets.some((handler) => handler.test?.(url) ?? true);

  function serveSocket(socket: OutsideSocket, url: string, protocols: readonly string[]): void {
    const server = serverAt(url);
    if (server === undefined)
      serveByHandlers(handlers.sockets, socket, url, nextId(), protocols).catch((error: unknown) =>
        loop.fail(error as Error),
      );
    else serveByMockServer(server.MockSocket, socket, server.url);
  }

  const party: OutsideParty = {
    answer,
    takesSocket,
    serveSocket,
    unmatched: (what) => unmatched(what, handlers),
  };

  function accept(connection: Connection, service: PortService): void {
    connection.onMessage((first: SocketFrame | StreamOpening) => {
      if (first.kind === "stream") first.serve(connection, service);
      else if (first.kind !== "upgrade") connection.abort();
      else {
        const { url } = first.request;
        acceptWebSocket(service.incarnation, connection, first, (socket) =>
          serveSocket(fromWorld(socket), url, first.protocols),
        );
      }
    });
  }

  network.fabric.addAlias(handlers.claims, outsideHost);
  return {
    listen(incarnation) {
      const service: PortService = {
        loop,
        incarnation,
        handler: async (request) => reply(answer, request),
        createServer: (activityOf, SocketServer) =>
          createOutsideServer(party, incarnation, activityOf, new SocketServer({ noServer: true })),
      };
      network.listenElsewhere(incarnation, () => ({
        onRequest: service.handler,
        onConnection: (connection) => accept(connection, service),
      }));
    },
    claims: (hostname) => network.fabric.resolve(hostname)[0]?.name === outsideHost,
    isPassing: () => passing.getStore() === true,
    requireSocket(url) {
      const isOurs = network.fabric.resolve(url.hostname)[0]?.name === outsideHost;
      if (isOurs && !takesSocket(url.href)) throw unmatched(`a WebSocket to ${url.href}`, handlers);
    },
  };
}

// Services of the platform read text; a `fetch` of the test's gets the response as it is.
async function reply(
  answer: (request: Request) => Promise<Response | Error>,
  { method, url, headers, body, bytes }: OutsideRequest,
): Promise<OutsideReply> {
  const hasBody = method !== "GET" && method !== "HEAD";
  const response = await answer(
    new Request(url, { method, headers, ...(hasBody ? { body: bytes ?? body } : {}) }),
  );
  if (response instanceof Error) return { status: 0, headers: {}, body: "", failure: response };
  const { status } = response;
  const plain = { status, headers: Object.fromEntries(response.headers) };
  return bytes === undefined ? { ...plain, body: await response.text() } : { ...plain, body: "", response };
}

// As msw has it.
function handlerFailed(error: unknown): Response {
  const { name, message, stack } = error as Error;
  return Response.json({ name, message, stack }, { status: 500, statusText: "Unhandled Exception" });
}

function unmatched(what: string, handlers: OutsideHandlers): SimError {
  return new SimError(
    "SIM_ROUTE_UNKNOWN",
    `Cannot reach the third party: no handler of the option "outside" answers ${what}.`,
    `Add a handler for it. There are: ${handlers.describe()}.`,
  );
}

function sameAddress(one: string, other: string): boolean {
  const [left, right] = [new URL(one), new URL(other)];
  return left.host === right.host && left.pathname === right.pathname;
}

function fromWorld(socket: WorldServerSocket): OutsideSocket {
  return {
    send(data) {
      if (typeof data === "string") socket.send(data);
      else socket.sendBinary(data);
    },
    close: (code, reason) => socket.close(code, reason),
    onMessage(listener) {
      socket.onMessage(listener);
      socket.onBinary(listener);
    },
    onClose: (listener) => socket.onClose(listener),
  };
}
