/** Which methods a path has, for whoever asks, or asks with another. */
import type { Route } from "./route.js";

/** Paths beside the table of routes; each takes GET. */
export const plainPaths = ["/health", "/ready", "/metrics", "/openapi.json"] as const;

/** @returns The value of an `Allow` header; empty for a path that nobody serves. */
export type AllowedMethods = (path: string) => string;

/** @param bases - Where the routes live. */
export function createAllowedMethods(routes: readonly Route[], bases: readonly string[]): AllowedMethods {
  const patterns = routes.map(({ path, method }) => ({
    method: method.toUpperCase(),
    pattern: new RegExp(`^(?:${bases.join("|")})${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`),
  }));
  return (path) => {
    const found: string[] = patterns.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
    if ((plainPaths as readonly string[]).includes(path)) found.push("GET");
    if (found.length === 0) return "";
    const methods = new Set(found.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])));
    return [...methods, "OPTIONS"].join(", ");
  };
}
