/** The services of a world: each part on its host, under supervision. */
export { createCluster } from "./cluster.js";
export type { Cluster, ClusterOptions, ServiceName } from "./cluster.js";
export type { PlatformOptions } from "./platform-options.js";
export { gatewayPort } from "./gateway.js";
export { prometheusPort } from "./prometheus.js";
export type { CrashOptions, Outage, Service } from "./service.js";
export type { ServiceGroup } from "./service-group.js";
export type { World } from "./world.js";
