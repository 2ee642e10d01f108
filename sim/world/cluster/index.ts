/** The services of a world: each part on its host, under supervision. */

export {
  createCluster,
  type Cluster,
  type ClusterOptions,
  type ServiceName,
  redisPort,
  replicaLagMsMax,
  gatewayBodyBytesMax,
  gatewayPort,
  prometheusPort,
  type ServiceGroup,
} from "./cluster.js";
export {
  createServerFaultHooks,
  type ArrivingStatement,
  type HttpFaultHooks,
  type ServerFaultHooks,
} from "./fault-hooks.js";
export {
  checkPlatform,
  type PlatformOptions,
  type ServicePorts,
  type WrapHandler,
  type WrapPorts,
} from "./platform.js";
export { type Writer, postgresPort } from "./postgres.js";
export {
  createObservers,
  type GatewayAnswer,
  type Observer,
  type ObservedSocket,
  type Observers,
  type World,
} from "./world.js";
export {
  createService,
  type CrashOptions,
  type Outage,
  type Service,
  createSimulatedNode,
  type SimulatedNode,
} from "./service.js";
