/** Collectors that do not do what they are told. */
import { type Fault, type FaultKind, faultOf } from "./fault.js";

/** Configurations that a node accepts do not become live. */
export function stuckReload(node: string): Fault {
  return faultOf("stuck-reload", `collectors of ${node} do not reload`, ({ cluster }) => {
    const fault = cluster.agent(node)?.stuckReload();
    return () => fault?.heal();
  });
}

/** Collectors of a node report a multiple of their latency. */
export function slowCollectors(node: string, factor: number): Fault {
  return faultOf("slow-collectors", `collectors of ${node} are ${factor} times slower`, ({ cluster }) => {
    const fault = cluster.agent(node)?.slowCollectors(factor);
    return () => fault?.heal();
  });
}

/** Every collector process of a node dies and comes back. */
export function collectorCrash(node: string): Fault {
  return faultOf("collector-crash", `collectors of ${node} crash`, ({ cluster }) => {
    const known = [...(cluster.disks.get(node)?.collectors.values() ?? [])];
    for (const { experimentId, variant } of known) cluster.agent(node)?.crashCollector(experimentId, variant);
    return () => undefined;
  });
}

/** Every counter of a node begins at zero again. */
export function counterReset(node: string): Fault {
  return faultOf("counter-reset", `counters of ${node} begin again`, ({ cluster }) => {
    cluster.agent(node)?.resetCounters();
    return () => undefined;
  });
}

function kindOf(
  kind: string,
  scope: "collector" | "prometheus",
  summary: string,
  make: (node: string) => Fault,
): FaultKind {
  return {
    kind,
    scope,
    summary,
    parameters: { node: "node" },
    draw: (pick, { cluster }) => make(pick("node", [...cluster.nodes.keys()])),
  };
}

export const collectorKinds: readonly FaultKind[] = [
  kindOf("stuck-reload", "collector", "accepted configurations do not become live", stuckReload),
  kindOf("slow-collectors", "collector", "collectors are slow", (node) => slowCollectors(node, 3)),
  kindOf("collector-crash", "collector", "collector processes die", collectorCrash),
  kindOf("counter-reset", "prometheus", "counters begin at zero again", counterReset),
];
