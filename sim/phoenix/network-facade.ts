/** The network of a world as its user handles it. */
import type { Network } from "../network/index.js";
import type { PhoenixNetwork } from "./api.js";

export function createNetworkFacade({ fabric, host }: Network): PhoenixNetwork {
  function hostNames(name: string): ReadonlySet<string> {
    const hosts = fabric.resolve(name);
    // An unknown name is answered with the names there are.
    return new Set((hosts.length > 0 ? hosts : [host(name)]).map((each) => each.name));
  }

  return {
    names: fabric.names,
    addRule: fabric.rules.add,
    partition(one, other) {
      const [left, right] = [hostNames(one), hostNames(other)];
      return fabric.rules.add(`partition ${one} | ${other}`, ({ from, to }) =>
        (left.has(from) && right.has(to)) || (right.has(from) && left.has(to))
          ? { action: "drop" }
          : undefined,
      );
    },
    isolate(name) {
      const inside = hostNames(name);
      return fabric.rules.add(`isolate ${name}`, ({ from, to }) =>
        inside.has(from) === inside.has(to) ? undefined : { action: "drop" },
      );
    },
    setLink(one, other, options) {
      for (const left of hostNames(one))
        for (const right of hostNames(other)) fabric.setLink(left, right, options);
    },
  };
}
