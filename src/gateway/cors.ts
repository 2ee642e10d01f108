/** Which pages of other origins may use the gateway: those of development servers on the same machine. */
import type { HttpHeaders, HttpRequest } from "../ports/index.js";

const loopback = /^https?:\/\/(?:localhost|[\w-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

const exposed = "location, retry-after, allow, www-authenticate";
const headersAlways = "authorization, content-type, idempotency-key";
const methods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
const maxAgeSeconds = 600;

/** @returns Headers that let the page read the answer; none for a page of another machine, or for no page. */
export function corsHeaders({ headers }: HttpRequest): HttpHeaders {
  const origin = headers["origin"] ?? "";
  if (!loopback.test(origin)) return {};
  return {
    "access-control-allow-origin": origin,
    "access-control-allow-credentials": "true",
    "access-control-expose-headers": exposed,
    vary: "Origin",
  };
}

/** @returns What a browser must know before it sends a request. */
export function preflightHeaders({ headers }: HttpRequest): HttpHeaders {
  const asked = headers["access-control-request-headers"] ?? "";
  if (headers["access-control-request-method"] === undefined || !loopback.test(headers["origin"] ?? ""))
    return {};
  return {
    "access-control-allow-methods": methods,
    "access-control-allow-headers": asked === "" ? headersAlways : asked,
    "access-control-max-age": String(maxAgeSeconds),
  };
}
