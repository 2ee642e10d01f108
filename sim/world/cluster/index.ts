/** The services of a world: each part on its host, under supervision. */

export {
  createCluster,
  type Cluster,
  type ServiceName,
  redisPort,
  replicaLagMsMax,
  gatewayBodyBytesMax,
  gatewayPort,
  prometheusPort,
  type ServiceGroup,
} from "./cluster.js";
export { createServerFaultHooks, type ServerFaultHooks, createObservers, type Observers } from "./world.js";
export { checkPlatform, type PlatformOptions, type ServicePorts, type WrapHandler } from "./platform.js";
export { type Writer, postgresPort } from "./postgres.js";
export {
  createService,
  type CrashOptions,
  type Outage,
  type Service,
  createSimulatedNode,
  type SimulatedNode,
} from "./service.js";
