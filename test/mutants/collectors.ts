/** Collectors that are not deployed, or not removed. */
import { createNodeClient, type NodeClient } from "../../src/controller/index.js";
import type { Mutant } from "./mutant.js";
import { json, nodeStub } from "./twists.js";

function nodes(change: (inner: NodeClient) => Partial<NodeClient>): Mutant["platform"] {
  return {
    controller: {
      parts: ({ http }) => {
        const inner = createNodeClient(http, { nodePort: 8090, requestTimeoutMs: 5_000 });
        return { nodes: { ...inner, ...change(inner) } };
      },
    },
  };
}

const accepted = { kind: "accepted", ready: true, port: 8888 } as const;

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
    profile: "only-unavailable",
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
];
