/**
 * `fetch` into a world: real `Request` and `Response` outside, the simulated network inside.
 *
 * While a call is pending it holds the loop, so that virtual time moves. Latency and faults come from the
 * network; errors have the shape that Node's own fetch gives them.
 */
import type { HttpReply } from "../../src/ports/index.js";
import { SimError } from "../errors.js";
import type { Incarnation, Loop } from "../kernel/index.js";
import { type Network, sendHttp } from "../network/index.js";
import { isLongPoll, longPollHoldMs } from "./long-poll.js";
import type { Outside, OutsideReply } from "./outside.js";
import { type FetchCall, readCall, readCallWithBytes } from "./request.js";
import { requireRoute } from "./routes.js";

export interface WorldFetchOptions {
  readonly network: Network;
  /** The life of the host that the calls come from. */
  readonly life: Incarnation;
  readonly loop: Loop;
  /** Virtual milliseconds until a call without an answer fails with `UND_ERR_HEADERS_TIMEOUT`. @default 300_000 */
  readonly headersTimeoutMs?: number;
  /** Third parties, which take and give bytes, where services of the platform take text. */
  readonly outside?: Outside | undefined;
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
  { network, life, loop, headersTimeoutMs = 300_000 }: WorldFetchOptions,
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
    const cancelTimeout = life.schedule(headersTimeoutMs, "timer", "fetch/headers-timeout", () =>
      abort(headersTimeoutError(headersTimeoutMs)),
    );
    const onSignal = (): void => abort(signal?.reason as Error);
    signal?.addEventListener("abort", onSignal);

    function end(): void {
      release();
      cancelTimeout();
      signal?.removeEventListener("abort", onSignal);
    }

    if (isLongPoll(method, href)) life.schedule(longPollHoldMs, "timer", "fetch/long-poll", () => release());
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
    sendHttp(network.fabric, network.listeners, life, request, Infinity, onAbort).then(
      (reply) => {
        end();
        resolve(reply);
      },
      (error: Error) => {
        end();
        const own = error instanceof SimError || (signal?.aborted === true && error === signal.reason);
        reject(own ? error : fetchFailed(error));
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
