/** All services of a world on their hosts, and the stores that outlive them. */
import { createRenderer } from "../../src/generator/index.js";
import { createConfigTools, createNodeDisk, type NodeAgent, type NodeDisk } from "../dataplane/index.js";
import { SimError } from "../errors.js";
import type { Incarnation } from "../kernel/index.js";
import type { CapacityOptions } from "../network/index.js";
import type { PostgresServer } from "../postgres/index.js";
import { type Prometheus, type Storage, createStorage } from "../prometheus/index.js";
import type { RedisServer } from "../redis/index.js";
import { controllerInstance } from "./controller.js";
import { gatewayInstance } from "./gateway.js";
import { generatorInstance } from "./generator.js";
import { nodeInstance } from "./node.js";
import { rememberingPasswords } from "./passwords.js";
import { type Writer, createDatabaseFactory, postgresInstance } from "./postgres.js";
import type { PlatformOptions } from "./platform-options.js";
import { createScrapeConfigs, prometheusInstance } from "./prometheus.js";
import { createPlatformCache, redisInstance } from "./redis.js";
import { type ServiceGroup, createServiceGroup } from "./service-group.js";
import { type Instance, type Service, createService } from "./service.js";
import type { World } from "./world.js";

/** The parts of the platform that have a name of their own in every world. */
export type ServiceName = "gateway" | "controller" | "generator" | "postgres" | "redis" | "prometheus";

export interface ClusterOptions {
  readonly nodes: readonly string[];
  readonly replicas: Readonly<Record<"gateway" | "controller" | "generator", number>>;
  readonly capacity: Readonly<Record<"gateway" | "postgres", CapacityOptions>>;
  readonly poolSize: number;
  readonly platform: PlatformOptions;
}

export interface Cluster {
  readonly groups: Readonly<Record<ServiceName, ServiceGroup>>;
  readonly nodes: ReadonlyMap<string, Service>;
  /** Every service, in the order in which they start. */
  readonly all: readonly Service[];
  readonly postgres: PostgresServer;
  readonly redis: RedisServer;
  readonly storage: Storage;
  /** The Prometheus of the present life, or of the last. @throws SimError `SIM_HOST_STATE` before the first. */
  prometheus(): Prometheus;
  /** The agent of a node's present life; undefined before the first. */
  agent(node: string): NodeAgent | undefined;
  /** What the nodes keep over their crashes. */
  readonly disks: ReadonlyMap<string, NodeDisk>;
  /** Who has the session with a pid of PostgreSQL; undefined for the test's own. */
  writer(pid: number): Writer | undefined;
}

// Read at the first world of a process and shared by all: schema, rules and compiled texts never change.
const createPlatformDatabase = createDatabaseFactory();
const scrapeConfigFor = createScrapeConfigs();
const configs = createConfigTools(256);
const renderer = createRenderer(256);
const checkPassword = rememberingPasswords();

/** Builds hosts and services; nothing runs until they are started. */
export function createCluster(world: World, options: ClusterOptions): Cluster {
  const { nodes: nodeNames, replicas, capacity, poolSize, platform } = options;
  // Real I/O that a part of the user's begins is waited for, as that of the test is.
  const runsTestCode = Object.values(platform).some((part) => hasCodeOfUser(part));
  const { loop, network } = world;
  const postgres = createPlatformDatabase(world);
  const redis = createPlatformCache(world);
  const storage = createStorage();
  const agents = new Map<string, NodeAgent>();
  const disks = new Map(nodeNames.map((name) => [name, createNodeDisk()]));
  const writers = new Map<number, Writer>();
  let prometheus: Prometheus | undefined;

  function service(name: string, build: (life: Incarnation) => Instance): Service {
    return createService({ loop, host: network.fabric.addHost(name, runsTestCode), build });
  }

  function group(name: ServiceName, count: number, build: (life: Incarnation) => Instance): ServiceGroup {
    const services = Array.from({ length: count }, (_, index) => service(`${name}-${index}`, build));
    network.fabric.addService(
      name,
      services.map((each) => each.name),
    );
    return createServiceGroup(name, services);
  }

  const namesOf = (name: string, count: number): readonly string[] =>
    Array.from({ length: count }, (_, index) => `${name}-${index}`);
  const scrapeConfig = scrapeConfigFor(
    {
      gateway: namesOf("gateway", replicas.gateway),
      controller: namesOf("controller", replicas.controller),
      generator: namesOf("generator", replicas.generator),
    },
    platform.prometheus?.config,
  );
  const groups = {
    postgres: group("postgres", 1, (life) =>
      postgresInstance(world, postgres, life, capacity.postgres, writers),
    ),
    redis: group("redis", 1, (life) => redisInstance(world, redis, life)),
    generator: group("generator", replicas.generator, (life) =>
      generatorInstance(world, life, renderer, platform.generator),
    ),
    controller: group("controller", replicas.controller, (life) =>
      controllerInstance(world, life, poolSize, platform.controller),
    ),
    gateway: group("gateway", replicas.gateway, (life) =>
      gatewayInstance(world, life, {
        poolSize,
        capacity: capacity.gateway,
        checkPassword,
        given: platform.gateway,
      }),
    ),
    prometheus: group("prometheus", 1, (life) =>
      prometheusInstance(world, life, scrapeConfig, storage, (instance) => (prometheus = instance)),
    ),
  };
  const nodes = new Map(
    nodeNames.map((name) => {
      const nodeStorage = { disk: disks.get(name) ?? createNodeDisk(), configs };
      const build = (life: Incarnation): Instance =>
        nodeInstance(world, nodeStorage, life, (agent) => agents.set(name, agent), platform.node);
      return [name, service(name, build)] as const;
    }),
  );
  const { postgres: database, redis: cache, generator, controller, gateway, prometheus: metrics } = groups;
  return {
    groups,
    nodes,
    all: [
      ...database.replicas,
      ...cache.replicas,
      ...nodes.values(),
      ...generator.replicas,
      ...metrics.replicas,
      ...controller.replicas,
      ...gateway.replicas,
    ],
    postgres,
    redis,
    storage,
    prometheus() {
      if (prometheus !== undefined) return prometheus;
      throw new SimError("SIM_HOST_STATE", "Prometheus has not run in this world yet.", "Start it first.");
    },
    agent: (node) => agents.get(node),
    disks,
    writer: (pid) => writers.get(pid),
  };
}

function hasCodeOfUser(part: object | undefined): boolean {
  return part !== undefined && ["handler", "ports", "socket", "parts"].some((name) => name in part);
}
