/** The network: hosts, messages between them, links, and the rules that faults put on them. */

export {
  createCapacity,
  type Capacity,
  type CapacityOptions,
  resolveLinkOptions,
  type LinkOptions,
} from "./link.js";
export { type Connection, sendHttp, routeLabel, createNetwork, type Network } from "./network.js";
export type { Fabric } from "./fabric.js";
export {
  NetworkError,
  type Message,
  type MessagePart,
  type Protocol,
  type Rule,
  type RuleHandle,
  type Verdict,
} from "./message.js";
