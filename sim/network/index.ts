/** The network: hosts, messages between them, links, and the rules that faults put on them. */
export { createCapacity } from "./capacity.js";
export type { Capacity, CapacityOptions } from "./capacity.js";
export type { Connection } from "./connection.js";
export type { Fabric } from "./fabric.js";
export { sendHttp } from "./http.js";
export { resolveLinkOptions } from "./link.js";
export type { LinkOptions } from "./link.js";
export type { Listener } from "./listeners.js";
export { NetworkError } from "./message.js";
export type { Message, MessagePart, Protocol } from "./message.js";
export { pickHost, routeLabel } from "./names.js";
export { createNetwork } from "./network.js";
export type { Network } from "./network.js";
export type { Rule, RuleHandle, Verdict } from "./rule.js";
