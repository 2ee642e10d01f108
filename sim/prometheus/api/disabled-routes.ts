/** What a server without flags refuses, and what is not simulated, by name. */
import type { HttpReply, HttpRequest } from "../../../src/ports/index.js";
import { ApiError, failure, text } from "./envelope.js";

/** @returns Undefined for every other path. */
export function disabledRoute({ method }: HttpRequest, path: string): HttpReply | undefined {
  const writes = method === "POST" || method === "PUT";
  if (path === "/api/v1/write" && method === "POST")
    return text(404, "remote write receiver needs to be enabled with --web.enable-remote-write-receiver\n");
  if (path === "/api/v1/otlp/v1/metrics" && method === "POST")
    return text(404, "otlp write receiver needs to be enabled with --web.enable-otlp-receiver\n");
  if (path === "/api/v1/read") return text(501, "remote read is not simulated\n");
  if (path.startsWith("/api/v1/admin/tsdb/") && writes)
    return { ...failure(new ApiError("unavailable", "admin APIs disabled")), status: 500 };
  if ((path === "/-/reload" || path === "/-/quit") && writes)
    return text(403, "Lifecycle API is not enabled.");
  return undefined;
}
