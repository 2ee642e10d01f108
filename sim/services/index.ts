/** The services of a world: each part on its host, under supervision. */
export { createCluster } from "./cluster.js";
export type { Cluster, ClusterOptions, ServiceName } from "./cluster.js";
export { createInterference } from "./interference.js";
export type { ArrivingStatement, HttpInterference, Interference } from "./interference.js";
export { checkPlatform } from "./platform-keys.js";
export type { PlatformOptions, ServicePorts, WrapHandler, WrapPorts } from "./platform-options.js";
export type { Writer } from "./postgres.js";
export { postgresPort } from "./postgres.js";
export { redisPort, replicaLagMsMax } from "./redis.js";
export { createTaps } from "./taps.js";
export type { GatewayAnswer, Tap, TappedSocket, Taps } from "./taps.js";
export { gatewayBodyBytesMax, gatewayPort } from "./gateway.js";
export { prometheusPort } from "./prometheus.js";
export type { CrashOptions, Outage, Service } from "./service.js";
export type { ServiceGroup } from "./service-group.js";
export { createSimulatedNode } from "./simulated-node.js";
export type { SimulatedNode } from "./simulated-node.js";
export type { World } from "./world.js";
