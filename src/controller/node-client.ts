/**
 * Talking to the agents that run collectors and loads on nodes.
 *
 * Every request that changes something carries a version. An agent refuses what is older than what it has, also
 * after a removal, so that a request which arrives late, or from a controller that is gone, changes nothing.
 */
import type { Variant } from "../model/index.js";
import { isPlainObject } from "../shared/index.js";
import type { HttpClient, HttpReply } from "../ports/index.js";
import type { StoredLoad } from "../store/index.js";

/** What one collector should run. */
interface CollectorSpec {
  readonly experimentId: string;
  readonly variant: Variant;
  readonly version: number;
  /** Collector YAML. */
  readonly config: string;
}

/** What an agent said about one collector. */
export type CollectorReply =
  | { readonly kind: "accepted"; readonly ready: boolean; readonly port: number }
  /** The node has a newer version, or a removal, already. */
  | { readonly kind: "stale" }
  /** The node cannot run this configuration; it keeps what it had. */
  | { readonly kind: "invalid"; readonly errors: string }
  | { readonly kind: "failed"; readonly reason: string };

/** A collector that an agent lists. */
export interface ListedCollector {
  readonly experiment_id: string;
  readonly variant: string;
  readonly version: number;
  readonly ready: boolean;
}

export interface NodeClient {
  /** Runs or updates a collector. Never throws. */
  putCollector(node: string, spec: CollectorSpec): Promise<CollectorReply>;
  /** Removes a collector. @throws Error when the node did not confirm. */
  deleteCollector(node: string, experimentId: string, variant: string, version: number): Promise<void>;
  /** @throws Error when the node did not answer. */
  listCollectors(node: string): Promise<ListedCollector[]>;
  /** Starts a load; the same id again changes nothing. @throws Error when the node did not confirm. */
  putLoad(node: string, load: StoredLoad, startedAtMs: number): Promise<void>;
  /** Ends a load; one that is unknown counts as ended. @throws Error when the node did not confirm. */
  deleteLoad(node: string, loadId: string): Promise<void>;
}

/** Talks to agents over HTTP. */
export function createNodeClient(
  http: HttpClient,
  options: { readonly nodePort: number; readonly requestTimeoutMs: number },
): NodeClient {
  const send = (node: string, method: string, path: string, body?: unknown): Promise<HttpReply> =>
    http.request(`http://${node}:${options.nodePort}${path}`, {
      method,
      headers: body === undefined ? {} : { "content-type": "application/json" },
      body: body === undefined ? "" : JSON.stringify(body),
      timeoutMs: options.requestTimeoutMs,
    });

  async function confirmed(node: string, method: string, path: string, body?: unknown): Promise<HttpReply> {
    const reply = await send(node, method, path, body);
    // A removal that the node knows a newer one for, or nothing of, is done all the same.
    const gone = method === "DELETE" && (reply.status === 404 || reply.status === 409);
    if (reply.status >= 300 && !gone)
      throw new Error(`${node} answered ${reply.status} to ${method} ${path}`);
    return reply;
  }

  return {
    putCollector: async (node, { experimentId, variant, version, config }) => {
      const body = { experiment_id: experimentId, variant, version, config };
      try {
        return collectorReply(await send(node, "PUT", `/collectors/${experimentId}/${variant}`, body));
      } catch (error) {
        return {
          kind: "failed",
          reason: `${node}: ${error instanceof Error ? error.message : String(error)}`,
        };
      }
    },
    deleteCollector: async (node, experimentId, variant, version) => {
      await confirmed(node, "DELETE", `/collectors/${experimentId}/${variant}?version=${version}`, {
        version,
      });
    },
    listCollectors: async (node) => {
      const parsed: unknown = JSON.parse((await confirmed(node, "GET", "/collectors")).body);
      const list = isPlainObject(parsed) ? parsed["collectors"] : undefined;
      if (!Array.isArray(list)) throw new Error(`${node} answered without a list of collectors`);
      return list as ListedCollector[];
    },
    putLoad: async (node, load, startedAtMs) => {
      await confirmed(node, "PUT", `/loads/${load.id}`, {
        experiment_id: load.experiment_id,
        profile: load.profile,
        process_count: load.process_count,
        metrics_per_second: load.metrics_per_second,
        duration_ms: load.duration_ms,
        started_at_ms: startedAtMs,
      });
    },
    deleteLoad: async (node, loadId) => {
      await confirmed(node, "DELETE", `/loads/${loadId}`);
    },
  };
}

function collectorReply(reply: HttpReply): CollectorReply {
  if (reply.status === 409) return { kind: "stale" };
  if (reply.status === 422 || reply.status === 400) return { kind: "invalid", errors: reply.body };
  if (reply.status >= 300) return { kind: "failed", reason: `the node answered ${reply.status}` };
  const body: unknown = JSON.parse(reply.body);
  if (!isPlainObject(body)) return { kind: "failed", reason: "the node answered no JSON object" };
  return { kind: "accepted", ready: body["ready"] === true, port: Number(body["metrics_port"] ?? 8888) };
}
