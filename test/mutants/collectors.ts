/** Collectors that are not deployed, or not removed. */
import { createNodeClient, type NodeClient } from "../../src/controller/index.js";
import type { Mutant } from "./mutant.js";
import { json, nodeHandler, nodeStub } from "./twists.js";

/** @returns A platform whose controllers talk to nodes through `change`, made anew for each life. */
function nodes(
  change: (inner: NodeClient) => Partial<NodeClient>,
  requestTimeoutMs = 5_000,
): Mutant["platform"] {
  return {
    controller: {
      parts: ({ http }) => {
        const inner = createNodeClient(http, { nodePort: 8090, requestTimeoutMs });
        return { nodes: { ...inner, ...change(inner) } };
      },
    },
  };
}

const accepted = { kind: "accepted", ready: true, port: 8888 } as const;

function givingUp(inner: NodeClient): Partial<NodeClient> {
  const bad = new Set<string>();
  const guarded = async <T>(node: string, call: () => Promise<T>): Promise<T> => {
    if (bad.has(node)) throw new Error(`${node} failed before`);
    return call().catch((error: unknown) => {
      bad.add(node);
      throw error;
    });
  };
  return {
    deleteCollector: async (node, ...rest) => guarded(node, async () => inner.deleteCollector(node, ...rest)),
    listCollectors: async (node) => guarded(node, async () => inner.listCollectors(node)),
  };
}

export const collectorMutants: readonly Mutant[] = [
  {
    name: "only-the-first-node",
    shows: "always",
    wrong: "collectors are deployed to the first target node only",
    caughtBy: ["invariant/running-means-deployed"],
    platform: nodes((inner) => ({
      putCollector: async (node, spec) => (node === "node1" ? inner.putCollector(node, spec) : accepted),
    })),
  },
  {
    name: "partly-ready-is-ready",
    wrong: "a node that does not answer counts as ready",
    caughtBy: ["invariant/running-means-deployed"],
    platform: nodes((inner) => ({
      async putCollector(node, spec) {
        const reply = await inner.putCollector(node, spec);
        return reply.kind === "failed" ? accepted : reply;
      },
    })),
  },
  {
    name: "another-node",
    shows: "always",
    wrong: "collectors are deployed to a node that is not among the targets",
    caughtBy: ["invariant/running-means-deployed"],
    platform: nodes((inner) => ({
      putCollector: async (node, spec) => {
        await inner.putCollector("node1", spec);
        return inner.putCollector(node, spec);
      },
    })),
  },
  {
    name: "one-variant",
    shows: "always",
    wrong: "only the candidate is deployed",
    caughtBy: ["invariant/running-means-deployed"],
    platform: nodes((inner) => ({
      putCollector: async (node, spec) =>
        spec.variant === "baseline" ? accepted : inner.putCollector(node, spec),
    })),
  },
  {
    name: "nothing-is-removed",
    shows: "always",
    wrong: "a cancelled experiment keeps its collectors",
    caughtBy: ["convergence/no-orphans"],
    platform: nodes(() => ({ deleteCollector: async () => undefined })),
  },
  {
    name: "baseline-is-not-removed",
    shows: "always",
    wrong: "only the candidate is removed",
    caughtBy: ["convergence/no-orphans"],
    platform: nodes((inner) => ({
      async deleteCollector(node, id, variant, version) {
        if (variant === "candidate") await inner.deleteCollector(node, id, variant, version);
      },
    })),
  },
  {
    name: "node-forgets-removals",
    shows: "always",
    wrong: "an agent confirms a removal and keeps the collector",
    caughtBy: ["convergence/no-orphans"],
    platform: nodeStub(({ method }) =>
      method === "DELETE" ? { status: 204, headers: {}, body: "" } : undefined,
    ),
  },
  {
    name: "node-does-nothing",
    shows: "always",
    wrong: "an agent says that a collector is ready and has none",
    caughtBy: ["invariant/running-means-deployed"],
    platform: nodeStub(({ method, url }) =>
      method === "PUT" && url.includes("/collectors/")
        ? json(200, { ready: true, metrics_port: 8888, version: 1 })
        : undefined,
    ),
  },
  {
    name: "accepted-is-ready",
    wrong: "a collector counts as ready once the node has accepted it",
    caughtBy: ["invariant/running-means-deployed"],
    platform: nodes((inner) => ({
      async putCollector(node, spec) {
        const reply = await inner.putCollector(node, spec);
        return reply.kind === "accepted" ? { ...reply, ready: true } : reply;
      },
    })),
  },
  {
    name: "ready-after-a-while",
    wrong: "a collector counts as ready some seconds after the node has accepted it",
    caughtBy: ["invariant/running-means-deployed"],
    platform: {
      controller: {
        parts: ({ http, clock }) => {
          const inner = createNodeClient(http, { nodePort: 8090, requestTimeoutMs: 5_000 });
          const sinceMs = new Map<string, number>();
          return {
            nodes: {
              ...inner,
              async putCollector(node, spec) {
                const reply = await inner.putCollector(node, spec);
                if (reply.kind !== "accepted") return reply;
                const key = `${node}/${spec.experimentId}/${spec.variant}/${spec.version}`;
                const first = sinceMs.get(key) ?? clock.monotonic();
                sinceMs.set(key, first);
                return { ...reply, ready: reply.ready || clock.monotonic() - first > 4_500 };
              },
            },
          };
        },
      },
    },
  },
  {
    name: "changes-are-not-rolled-out",
    wrong: "a new version is recorded and never sent to nodes",
    shows: "always",
    caughtBy: ["invariant/running-means-deployed"],
    platform: nodes((inner) => ({
      putCollector: async (node, spec) => (spec.version > 1 ? accepted : inner.putCollector(node, spec)),
    })),
  },
  {
    name: "old-configuration-stays",
    wrong: "a node takes a new version and runs on with the old configuration",
    shows: "always",
    caughtBy: ["invariant/running-means-deployed"],
    platform: nodeHandler((handler) => {
      const first = new Map<string, unknown>();
      return async (request) => {
        if (request.method !== "PUT" || !request.url.includes("/collectors/")) return handler(request);
        const body = JSON.parse(request.body) as Record<string, unknown>;
        const config = first.get(request.url) ?? body["config"];
        first.set(request.url, config);
        return handler({ ...request, body: JSON.stringify({ ...body, config }) });
      };
    }),
  },
  {
    name: "name-instead-of-configuration",
    wrong: "nodes are sent the name of the template instead of a configuration",
    caughtBy: ["assertion/SIM_ASSERTION", "convergence/recovery"],
    platform: nodes((inner) => ({
      putCollector: async (node, spec) =>
        inner.putCollector(node, { ...spec, config: "process-baseline-v1" }),
    })),
  },
  {
    name: "both-on-one-port",
    wrong: "both collectors of a node are scraped at one port",
    caughtBy: ["assertion/SIM_ASSERTION"],
    platform: nodes((inner) => ({
      async putCollector(node, spec) {
        const reply = await inner.putCollector(node, spec);
        return reply.kind === "accepted" ? { ...reply, port: 8888 } : reply;
      },
    })),
  },
  {
    name: "nothing-is-scraped",
    wrong: "collectors are not told to Prometheus",
    caughtBy: ["assertion/SIM_ASSERTION"],
    platform: {
      controller: {
        handler: (handler) => async (request) =>
          request.url.includes("/sd/collectors") ? json(200, []) : handler(request),
      },
    },
  },
  {
    name: "nodes-are-never-looked-at",
    wrong: "nobody compares what nodes run with what they should run",
    caughtBy: ["convergence/no-orphans"],
    platform: nodes(() => ({
      listCollectors: async () => {
        throw new Error("not looked at");
      },
    })),
  },
  {
    name: "given-up-for-good",
    wrong: "a node that failed once is never asked again",
    caughtBy: ["convergence/no-orphans", "convergence/every-experiment-ends", "convergence/recovery"],
    platform: nodes(givingUp),
  },
  {
    name: "given-up-too-soon",
    wrong: "a node that does not answer within 150 ms is never asked again",
    caughtBy: ["convergence/no-orphans", "convergence/every-experiment-ends", "convergence/recovery"],
    platform: nodes(givingUp, 150),
  },
];
