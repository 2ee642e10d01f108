/** A node on a host: the agent on port 8090, and the metrics ports of its collectors. */
import { type ConfigTools, type NodeAgent, type NodeDisk, createNodeAgent } from "../dataplane/index.js";
import type { Incarnation } from "../kernel/index.js";
import { interfered } from "./interference.js";
import type { PlatformOptions } from "./platform-options.js";
import { createClockPort, createLoggerPort, createRandomPort } from "./ports.js";
import type { Instance } from "./service.js";
import type { World } from "./world.js";

export const nodeAgentPort = 8090;

/** What outlives the crashes of a node, and what its nodes share. */
export interface NodeStorage {
  readonly disk: NodeDisk;
  readonly configs: ConfigTools;
}

/** @param onBoot - Gets the agent of each life; faults act on it. */
export function nodeInstance(
  world: World,
  storage: NodeStorage,
  life: Incarnation,
  onBoot: (agent: NodeAgent) => void,
  given: PlatformOptions["node"] = {},
): Instance {
  const { loop, network, recorder, interference } = world;
  const node = createNodeAgent({
    name: life.name,
    clock: createClockPort(life),
    random: createRandomPort(loop, life),
    logger: createLoggerPort(loop, life, recorder),
    disk: storage.disk,
    configs: storage.configs,
    ...(given.options === undefined ? {} : { options: given.options }),
  });
  const handler = given.handler?.(node.agent) ?? node.agent;
  return {
    start() {
      node.start();
      onBoot(node);
      network.listen(life, nodeAgentPort, {
        onRequest: interfered(interference, life.name, handler),
      });
      network.listenElsewhere(life, (port) => {
        const onRequest = node.metrics(port);
        return onRequest === undefined
          ? undefined
          : { onRequest: interfered(interference, life.name, onRequest) };
      });
    },
    stop: () => node.stop(),
  };
}
