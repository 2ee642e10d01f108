/** The network of a world as its user handles it. */
import { type FaultDesk, isolate, partition } from "../faults/index.js";
import type { Network } from "../network/index.js";
import type { PhoenixNetwork } from "./api.js";

/** @param faults - Injects, lists and heals what is cut here. */
export function createNetworkFacade({ fabric, host }: Network, faults: FaultDesk): PhoenixNetwork {
  function hostNames(name: string): ReadonlySet<string> {
    const hosts = fabric.resolve(name);
    // An unknown name is answered with the names there are.
    return new Set((hosts.length > 0 ? hosts : [host(name)]).map((each) => each.name));
  }

  return {
    names: fabric.names,
    addRule: fabric.rules.add,
    partition: (one, other) => faults.inject(partition(one, other)),
    isolate: (name) => faults.inject(isolate(name)),
    setLink(one, other, options) {
      for (const left of hostNames(one))
        for (const right of hostNames(other)) fabric.setLink(left, right, options);
    },
  };
}
