/** Settings of the platform's services in a world, and pieces of them that a test may exchange one by one. */
import type { ControllerOptions, ControllerParts } from "../../src/controller/index.js";
import type { GatewayOptions, GatewayParts } from "../../src/gateway/index.js";
import type { GeneratorOptions } from "../../src/generator/index.js";
import type { NodeOptions } from "../dataplane/index.js";
import type { PrometheusConfig } from "../prometheus/index.js";
import type {
  Cache,
  Clock,
  HttpClient,
  HttpHandler,
  Logger,
  Random,
  ServerSocket,
  SqlPool,
} from "../../src/ports/index.js";

/** What a gateway or a controller gets from its world. */
export interface ServicePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly sql: SqlPool;
  readonly cache: Cache;
  readonly http: HttpClient;
  readonly logger: Logger;
}

/** Exchanges what a service gets from its world. Called once for each life. */
export type WrapPorts = (ports: ServicePorts) => ServicePorts;

/** Exchanges how a service answers requests. Called once for each life. */
export type WrapHandler = (handler: HttpHandler) => HttpHandler;

/** Exchanges the server's end of a WebSocket. Called once for each socket. */
export type WrapSocket = (socket: ServerSocket) => ServerSocket;

/** Exchanges the configuration of Prometheus: an object as `prometheus.yml` holds it. Called once. */
export type WrapConfig = (config: PrometheusConfig) => PrometheusConfig;

export interface PlatformOptions {
  readonly gateway?: {
    readonly options?: GatewayOptions;
    /** @internal Of the sources only: pieces that tests of wrong variants exchange. */
    readonly parts?: Partial<GatewayParts> | ((ports: ServicePorts) => Partial<GatewayParts>);
    readonly ports?: WrapPorts;
    readonly handler?: WrapHandler;
    readonly socket?: WrapSocket;
  };
  readonly controller?: {
    readonly options?: ControllerOptions;
    /** @internal Of the sources only, as with the gateway. */
    readonly parts?: Partial<ControllerParts> | ((ports: ServicePorts) => Partial<ControllerParts>);
    readonly ports?: WrapPorts;
    readonly handler?: WrapHandler;
  };
  readonly generator?: { readonly options?: GeneratorOptions; readonly handler?: WrapHandler };
  readonly prometheus?: {
    /** Changes what Prometheus is configured with: intervals, jobs, rules. Give one function to many worlds. */
    readonly config?: WrapConfig;
  };
  /** The agents of all nodes. */
  readonly node?: { readonly options?: NodeOptions; readonly handler?: WrapHandler };
}

/** @returns The parts of one life, when they were given as a function of its ports. */
export function partsFor<Parts extends object>(
  given: Parts | ((ports: ServicePorts) => Parts) | undefined,
  ports: ServicePorts,
): Partial<Parts> {
  return typeof given === "function" ? given(ports) : (given ?? {});
}
