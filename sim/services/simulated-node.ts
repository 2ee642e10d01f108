/** A node under supervision, with the faults that only a node knows: those of its collectors. */
import type { NodeAgent, NodeFault } from "../dataplane/index.js";
import { SimError } from "../errors.js";
import type { Service } from "./service.js";

export interface SimulatedNode extends Service {
  /**
   * Kills one collector process; it comes back with the newest version it was given, after the reload time.
   *
   * @param variant - `baseline` or `candidate`.
   */
  crashCollector(experimentId: string, variant: string): void;
  /** From now on collectors take new configurations but do not apply them, until it is healed. */
  stickReloads(): NodeFault;
  /** Multiplies the latency that collectors report, until it is healed. @param factor - Above 0. */
  slowCollectors(factor: number): NodeFault;
}

/** @param agent - The agent of the node's present life. */
export function createSimulatedNode(service: Service, agent: () => NodeAgent | undefined): SimulatedNode {
  function running(step: string): NodeAgent {
    const found = service.host.state === "down" ? undefined : agent();
    if (found !== undefined) return found;
    throw new SimError(
      "SIM_HOST_STATE",
      `Cannot ${step} on ${service.name}: it is down.`,
      "Start the node first.",
    );
  }
  return {
    ...service,
    crashCollector: (experimentId, variant) => {
      running("crash a collector").crashCollector(experimentId, variant);
    },
    stickReloads: () => running("stick reloads").stuckReload(),
    slowCollectors: (factor) => running("slow collectors").slowCollectors(factor),
  };
}
