/** The HTTP client port over the network. */
import type { HttpClient, HttpReply, HttpRequest } from "../../src/ports/index.js";
import { type Incarnation, hashString } from "../kernel/index.js";
import { exchange } from "./exchange.js";
import type { Fabric } from "./fabric.js";
import type { Listeners } from "./listeners.js";
import { pickHost, routeLabel } from "./names.js";

const timeoutMsDefault = 10_000;

/** @returns A client whose requests come from the host of `life` and die with it. */
export function createHttpClient(fabric: Fabric, listeners: Listeners, life: Incarnation): HttpClient {
  return {
    async request(url, { method = "GET", headers = {}, body = "", timeoutMs = timeoutMsDefault } = {}) {
      return sendHttp(fabric, listeners, life, { method, url, headers, body }, timeoutMs);
    },
  };
}

/** Sends one HTTP request. Errors are those of the `HttpClient` port. */
export async function sendHttp(
  fabric: Fabric,
  listeners: Listeners,
  from: Incarnation,
  request: HttpRequest,
  timeoutMs: number,
  onAbort?: (abort: (error: Error) => void) => void,
): Promise<HttpReply> {
  const { hostname, port, path } = splitUrl(request.url);
  const reply = await exchange<HttpRequest, HttpReply & { readonly failure?: Error }>(fabric, listeners, {
    from,
    to: pickHost(fabric, hostname, from.host.name),
    port,
    protocol: "http",
    label: `${request.method} ${routeLabel(path)}`,
    request,
    digest: hashString(request.body, hashString(request.url)),
    digestOf: digestOfReply,
    timeoutMs,
    ...(onAbort === undefined ? {} : { onAbort }),
  });
  // What answers for third parties may want the connection to break.
  if (reply.failure !== undefined) throw reply.failure;
  return reply;
}

function digestOfReply(reply: HttpReply): number {
  return hashString(reply.body, reply.status);
}

const shape = /^https?:\/\/([^/:?#]+)(?::(\d+))?([^#]*)/;

function splitUrl(url: string): { hostname: string; port: number; path: string } {
  const [, hostname = "", port, path = ""] = shape.exec(url) ?? [];
  const portDefault = url.startsWith("https:") ? 443 : 80;
  return { hostname, port: port === undefined ? portDefault : Number(port), path: path === "" ? "/" : path };
}
