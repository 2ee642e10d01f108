/** Headers that every answer of the API gets: for pages of other origins, and for compression. */
import type { HttpReply, HttpRequest } from "../../../src/ports/index.js";

/** For a page of another origin; none without `Origin`. */
export function corsHeaders({ headers }: HttpRequest): Record<string, string> {
  if ((headers["origin"] ?? "") === "") return {};
  return {
    "access-control-allow-headers": "Accept, Authorization, Content-Type, Origin",
    "access-control-allow-methods": "GET, POST, OPTIONS",
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "Date",
    vary: "Origin",
  };
}

/** Bodies are texts here; who writes bytes compresses them as this says. */
export function codingHeaders({ headers }: HttpRequest, { body }: HttpReply): Record<string, string> {
  const codings = (headers["accept-encoding"] ?? "").split(",").map((coding) => coding.split(";")[0]?.trim());
  return codings.includes("gzip") && body !== "" ? { "content-encoding": "gzip" } : {};
}

/** The same reply with more headers. */
export function withHeaders(reply: HttpReply, more: Readonly<Record<string, string>>): HttpReply {
  return { ...reply, headers: { ...reply.headers, ...more } };
}
