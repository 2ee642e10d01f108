/** Servers that answer wrongly: not at all, cut off, or not to a scrape. */
import { type Fault, type FaultKind, faultOf } from "./fault.js";
import { hostNames } from "./hosts.js";

/** A service answers 503 with Retry-After and does nothing. */
export function unavailable(name: string): Fault {
  return faultOf("unavailable", `${name} answers 503`, (world) => {
    const struck = hostNames(world, name);
    const entry = {
      before: (host: string) =>
        struck.has(host)
          ? {
              status: 503,
              headers: { "content-type": "application/json", "retry-after": "1" },
              body: '{"error":"unavailable","message":"unavailable","code":"SERVICE_UNAVAILABLE","details":null}',
            }
          : undefined,
    };
    world.interference.http.add(entry);
    return () => void world.interference.http.delete(entry);
  });
}

/** The effect happens, and the second half of the body is missing. */
export function truncatedBody(name: string): Fault {
  return faultOf("truncated-body", `bodies of ${name} are cut off`, (world) => {
    const struck = hostNames(world, name);
    const entry = {
      after: (host: string, _request: unknown, reply: { status: number; headers: object; body: string }) =>
        struck.has(host)
          ? {
              status: reply.status,
              headers: { ...reply.headers },
              body: reply.body.slice(0, reply.body.length >> 1),
            }
          : { status: reply.status, headers: { ...reply.headers }, body: reply.body },
    };
    world.interference.http.add(entry);
    return () => void world.interference.http.delete(entry);
  });
}

/** Scrapes of Prometheus fail, and nothing else. */
export function missedScrape(): Fault {
  return faultOf("missed-scrape", "scrapes fail", (world) => {
    const entry = {
      before: (_host: string, { url }: { url: string }, from: string | undefined) =>
        from !== undefined && from.startsWith("prometheus") && url.endsWith("/metrics")
          ? { status: 503, headers: {}, body: "" }
          : undefined,
    };
    world.interference.http.add(entry);
    return () => void world.interference.http.delete(entry);
  });
}

export const httpAnswerKinds: readonly FaultKind[] = [
  {
    kind: "unavailable",
    scope: "http",
    summary: "a service answers 503 with Retry-After",
    parameters: { name: "host or service" },
    draw: (pick, { cluster }) =>
      unavailable(
        pick("host", ["generator", "gateway", "prometheus", "controller", ...cluster.nodes.keys()]),
      ),
  },
  {
    kind: "truncated-body",
    scope: "http",
    summary: "bodies of a service are cut off",
    parameters: { name: "host or service" },
    draw: (pick, { cluster }) =>
      truncatedBody(pick("host", ["generator", "prometheus", ...cluster.nodes.keys(), "gateway"])),
  },
  {
    kind: "missed-scrape",
    scope: "prometheus",
    summary: "scrapes fail",
    parameters: {},
    draw: () => missedScrape(),
  },
];
