/** All services of a world on their hosts, and the stores that outlive them. */
import { platformRules } from "../../../src/analysis/index.js";
import { createController } from "../../../src/controller/index.js";
import {
  bodyBytesMaxOf,
  createGateway,
  resolveGatewayOptions,
  type GatewayParts,
} from "../../../src/gateway/index.js";
import { createGenerator, createRenderer, type Renderer } from "../../../src/generator/index.js";
import type { Cache, HttpHandler } from "../../../src/ports/index.js";
import { SimError } from "../../errors.js";
import { hashString, type Incarnation } from "../../kernel/index.js";
import {
  createCapacity,
  routeLabel,
  type CapacityOptions,
  type Connection,
  type Network,
} from "../../kernel/network/index.js";
import {
  createConfigTools,
  createNodeAgent,
  createNodeDisk,
  type ConfigTools,
  type NodeAgent,
  type NodeDisk,
} from "../../servers/collector/index.js";
import type { PostgresServer } from "../../servers/postgres/index.js";
import {
  createPrometheus,
  createStorage,
  type Prometheus,
  type PrometheusConfig,
  type Storage,
} from "../../servers/prometheus/index.js";
import {
  createCacheClient,
  createCommandNamer,
  createRedisServer,
  type RedisReply,
  type RedisServer,
} from "../../servers/redis/index.js";
import { carriesBytes, serveBytes, servePort, type BytesOpening } from "../edges/index.js";
import { createCallClient, createCallServer, type CallServer, type Frame } from "./call-channel.js";
import {
  createClockPort,
  createLoggerPort,
  createRandomPort,
  partsFor,
  rememberingPasswords,
  type PlatformOptions,
  type ServicePorts,
  type WrapConfig,
} from "./platform.js";
import { connectPool, createDatabaseFactory, postgresInstance, type Writer } from "./postgres.js";
import { createService, type CrashOptions, type Instance, type Outage, type Service } from "./service.js";
import { withFaultHooks, type World } from "./world.js";

// All replicas of one service, handled as one: an outage of the group is an outage of each.

export interface ServiceGroup {
  readonly name: string;
  /** One service a host, such as `gateway-0` and `gateway-1`. */
  readonly replicas: readonly Service[];
  /** Starts the replicas that are down. */
  start(): Promise<void>;
  /** Stops the replicas that are not down, gracefully. */
  stop(): Outage;
  /** Crashes the replicas that are not down. */
  crash(options?: CrashOptions): Outage;
  /** Freezes the replicas that are not down. */
  pause(): Outage;
  /** Crashes those that are up and starts all of them. */
  restart(): Promise<void>;
}

function createServiceGroup(name: string, replicas: readonly Service[]): ServiceGroup {
  const notDown = (): readonly Service[] => replicas.filter(({ host }) => host.state !== "down");
  return {
    name,
    replicas,
    async start() {
      await all(replicas.filter(({ host }) => host.state === "down").map(async (service) => service.start()));
    },
    stop: () => together(notDown().map((service) => service.stop())),
    crash: (options) => together(notDown().map((service) => service.crash(options))),
    pause: () => together(notDown().map((service) => service.pause())),
    async restart() {
      await all(replicas.map(async (service) => service.restart()));
    },
  };
}

function together(outages: readonly Outage[]): Outage {
  return {
    get settled() {
      return all(outages.map(async ({ settled }) => settled));
    },
    heal: async () => all(outages.map(async (outage) => outage.heal())),
  };
}

async function all(steps: readonly Promise<void>[]): Promise<void> {
  await Promise.all(steps);
}

// A node on a host: the agent on port 8090, and the metrics ports of its collectors.

const nodeAgentPort = 8090;

/** What outlives the crashes of a node, and what its nodes share. */
interface NodeStorage {
  readonly disk: NodeDisk;
  readonly configs: ConfigTools;
}

/** @param onBoot - Gets the agent of each incarnation; faults act on it. */
function nodeInstance(
  world: World,
  storage: NodeStorage,
  incarnation: Incarnation,
  onBoot: (agent: NodeAgent) => void,
  given: PlatformOptions["node"] = {},
): Instance {
  const { loop, network, recorder, faultHooks } = world;
  const node = createNodeAgent({
    name: incarnation.name,
    clock: createClockPort(incarnation),
    random: createRandomPort(loop, incarnation),
    logger: createLoggerPort(loop, incarnation, recorder),
    disk: storage.disk,
    configs: storage.configs,
    ...(given.options === undefined ? {} : { options: given.options }),
  });
  const handler = given.handler?.(node.agent) ?? node.agent;
  return {
    start() {
      node.start();
      onBoot(node);
      network.listen(incarnation, nodeAgentPort, {
        onRequest: withFaultHooks(faultHooks, incarnation.name, handler),
      });
      network.listenElsewhere(incarnation, (port) => {
        const onRequest = node.metrics(port);
        return onRequest === undefined
          ? undefined
          : { onRequest: withFaultHooks(faultHooks, incarnation.name, onRequest) };
      });
    },
    stop: () => node.stop(),
  };
}

// The config generator on a host.

const generatorPort = 8082;

function generatorInstance(
  world: World,
  incarnation: Incarnation,
  renderer: Renderer,
  given: PlatformOptions["generator"] = {},
): Instance {
  const generator = createGenerator({
    clock: createClockPort(incarnation),
    logger: createLoggerPort(world.loop, incarnation, world.recorder),
    // Whoever sets how much is remembered gets a memory of its own.
    ...(given.options === undefined ? { renderer } : { options: given.options }),
  });
  const handler = given.handler?.(generator.handle) ?? generator.handle;
  return {
    start() {
      generator.start();
      world.network.listen(incarnation, generatorPort, {
        onRequest: withFaultHooks(world.faultHooks, incarnation.name, handler),
      });
    },
    stop: () => generator.stop(),
  };
}

// Redis on a host, and the connection of a client to it.

export const redisPort = 6379;

const connectTimeoutMs = 5_000;

/** How many milliseconds of writes a failover may lose at most. */
export const replicaLagMsMax = 1_000;

/** @returns The server of a world, running; its keys expire by the world's own time. */
function createPlatformCache({ loop }: World): RedisServer {
  return createRedisServer({
    clock: {
      now: () => loop.clock.unixMs,
      setTimer(delayMs, label, run) {
        const event = loop.schedule(delayMs, "timer", label, run);
        return () => loop.cancel(event);
      },
    },
    random: () => loop.choices.entropy("redis/random") / 2 ** 32,
    replicaLagMsMax,
  });
}

/** Puts the server on the network for one incarnation. The first incarnation finds it running, later ones restart it. */
function redisInstance(world: World, server: RedisServer, incarnation: Incarnation): Instance {
  return {
    start() {
      if (!server.running) server.restart();
      incarnation.onDeath(() => server.crash());
      world.network.listen(incarnation, redisPort, {
        onConnection(connection) {
          connection.onMessage((first: Frame | BytesOpening) => {
            if (carriesBytes(first)) serveDriver(server, incarnation, connection);
            else serveCalls(world, server, connection).receive(first);
          });
        },
      });
    },
    stop() {},
  };
}

function serveCalls({ loop, faultHooks }: World, server: RedisServer, connection: Connection): CallServer {
  const session = server.connect({
    onPush: (reply) => {
      const lost = [...faultHooks.push].some((loses) => loses(connection.remote));
      if (!lost) channel.push(reply, "redis/push");
    },
    onClose: () => connection.close(),
  });
  connection.onClose(() => session.close());
  const channel = createCallServer(
    connection,
    async (args: readonly string[]) => session.execute(args),
    () => 0,
    (error) => loop.fail(error),
  );
  return channel;
}

function serveDriver(server: RedisServer, incarnation: Incarnation, connection: Connection): void {
  serveBytes(incarnation, connection, createCommandNamer(), (client) => {
    const stream = server.connectStream();
    stream.on("data", (bytes: Uint8Array) => client.send(bytes));
    stream.on("end", () => client.close());
    // The process is gone before the stream, which ends in a microtask, can say so.
    incarnation.onDeath(() => stream.destroy());
    return {
      receive: (bytes) => stream.write(bytes),
      closed: () => stream.end(),
    };
  });
}

/** @returns The cache port of a service: a client with connections through the network. */
function connectCache(network: Network, incarnation: Incarnation): Cache {
  return createCacheClient({
    setTimer: (delayMs, label, run) => incarnation.schedule(delayMs, "timer", label, run),
    async connect({ onPush, onLost }) {
      const connection = await network.connect(incarnation, "redis", redisPort, "redis", connectTimeoutMs);
      const channel = createCallClient(
        connection,
        (cause) => cause ?? new Error("Connection is closed."),
        (body) => onPush(body as RedisReply),
      );
      channel.onLost(onLost);
      return {
        async execute(args) {
          const reply = await channel.call(args, `redis/${String(args[0])}`, hashString(args.join(" ")));
          return reply as RedisReply;
        },
        close: channel.close,
      };
    },
  });
}

// The experiment controller on a host.

const controllerPort = 8081;

/** @param poolSize - Connections to PostgreSQL. */
function controllerInstance(
  world: World,
  incarnation: Incarnation,
  poolSize: number,
  given: PlatformOptions["controller"] = {},
): Instance {
  const { loop, network, recorder } = world;
  const sql = connectPool(world, incarnation, poolSize);
  const standard: ServicePorts = {
    clock: createClockPort(incarnation),
    random: createRandomPort(loop, incarnation),
    sql,
    cache: connectCache(network, incarnation),
    http: network.http(incarnation),
    logger: createLoggerPort(loop, incarnation, recorder),
  };
  const ports = given.ports?.(standard) ?? standard;
  const controller = createController({
    ...ports,
    ...(given.options === undefined ? {} : { options: given.options }),
    parts: partsFor(given.parts, ports),
  });
  const handler = given.handler?.(controller.handle) ?? controller.handle;
  return {
    async start() {
      network.listen(incarnation, controllerPort, {
        onRequest: withFaultHooks(world.faultHooks, incarnation.name, handler),
      });
      await controller.start();
    },
    async stop() {
      await controller.stop();
      await sql.end();
    },
  };
}

// The API gateway on a host: HTTP and WebSockets on one port.

export const gatewayPort = 8080;

interface GatewaySettings {
  /** Connections to PostgreSQL. */
  readonly poolSize: number;
  readonly capacity: CapacityOptions;
  readonly checkPassword: GatewayParts["checkPassword"];
  readonly given: PlatformOptions["gateway"];
}

/** @returns Bytes of a body beyond which a gateway refuses it. */
export function gatewayBodyBytesMax(given: PlatformOptions["gateway"] = {}): number {
  return bodyBytesMaxOf(resolveGatewayOptions(given.options));
}

function gatewayInstance(
  world: World,
  incarnation: Incarnation,
  { poolSize, capacity, checkPassword, given = {} }: GatewaySettings,
): Instance {
  const { loop, network, recorder, observers } = world;
  const sql = connectPool(world, incarnation, poolSize);
  const workers = createCapacity(capacity);
  const standard: ServicePorts = {
    clock: createClockPort(incarnation),
    random: createRandomPort(loop, incarnation),
    sql,
    cache: connectCache(network, incarnation),
    http: network.http(incarnation),
    logger: createLoggerPort(loop, incarnation, recorder),
  };
  const ports = given.ports?.(standard) ?? standard;
  const wrapSocket = given.socket ?? ((socket) => socket);
  const gateway = createGateway({
    ...ports,
    ...(given.options === undefined ? {} : { options: given.options }),
    wrapSocket: (socket, request) => wrapSocket(observers.socket(incarnation, socket, request)),
    parts: { checkPassword, ...partsFor(given.parts, ports) },
  });
  const answer = given.handler?.(gateway.handle) ?? gateway.handle;
  const handler: HttpHandler = async (request) => {
    const askedAtMs = loop.clock.nowMs;
    observers.onRequest(request);
    await workers.serve(incarnation, request.method);
    const reply = await answer(request);
    recorder.answered(`${request.method} ${routeLabel(pathOf(request.url))}`, reply.status);
    if (incarnation.alive)
      observers.onResponse({
        host: incarnation.name,
        request,
        reply,
        askedAtMs,
        hostNowMs: incarnation.host.now(),
      });
    return reply;
  };
  return {
    async start() {
      await gateway.start();
      servePort({
        network,
        loop,
        incarnation,
        port: gatewayPort,
        bodyBytesMax: gatewayBodyBytesMax(given),
        handler: withFaultHooks(world.faultHooks, incarnation.name, handler),
        onSocket: gateway.openSocket,
      });
    },
    async stop() {
      await gateway.stop();
      await sql.end();
    },
  };
}

function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  return start < 0 ? "/" : url.slice(start);
}

// Prometheus on a host: scrapes the platform's services and, through service discovery, every collector.

export const prometheusPort = 9090;

/** @param onBoot - Gets the instance of each incarnation. */
function prometheusInstance(
  { loop, network, recorder, faultHooks }: World,
  incarnation: Incarnation,
  config: PrometheusConfig,
  storage: Storage,
  onBoot: (prometheus: Prometheus) => void,
): Instance {
  const prometheus = createPrometheus({
    config,
    storage,
    clock: createClockPort(incarnation),
    http: network.http(incarnation),
    logger: createLoggerPort(loop, incarnation, recorder),
  });
  return {
    start() {
      onBoot(prometheus);
      network.listen(incarnation, prometheusPort, {
        onRequest: withFaultHooks(faultHooks, incarnation.name, prometheus.handle),
      });
      prometheus.start();
    },
    stop: () => prometheus.stop(),
  };
}

/** Hosts of the services that are scraped by name. */
interface ScrapedHosts {
  readonly gateway: readonly string[];
  readonly controller: readonly string[];
  readonly generator: readonly string[];
}

const asItIs: WrapConfig = (config) => config;

/** @returns A function that gives worlds of one size and one wrap the same object, so that it is parsed once. */
function createScrapeConfigs(): (hosts: ScrapedHosts, wrap?: WrapConfig) => PrometheusConfig {
  const byWrap = new WeakMap<WrapConfig, Map<string, PrometheusConfig>>();
  return (hosts, wrap = asItIs) => {
    const known = byWrap.get(wrap) ?? new Map<string, PrometheusConfig>();
    byWrap.set(wrap, known);
    const key = JSON.stringify(hosts);
    const config = known.get(key) ?? wrap(platformScrapeConfig(hosts));
    known.set(key, config);
    return config;
  };
}

/** What the platform's Prometheus scrapes: each replica of its services, and what the controllers discover. */
function platformScrapeConfig(replicas: ScrapedHosts): PrometheusConfig {
  const job = (name: string, hosts: readonly string[], port: number) => ({
    job_name: name,
    static_configs: [{ targets: hosts.map((host) => `${host}:${port}`) }],
  });
  return {
    global: { scrape_interval: "15s", evaluation_interval: "15s" },
    rule_files: platformRules,
    scrape_configs: [
      job("phoenix-api-gateway", replicas.gateway, gatewayPort),
      job("phoenix-experiment-controller", replicas.controller, controllerPort),
      job("phoenix-config-generator", replicas.generator, generatorPort),
      {
        job_name: "phoenix-collectors",
        http_sd_configs: [
          { url: `http://controller:${controllerPort}/sd/collectors`, refresh_interval: "15s" },
        ],
      },
    ],
  };
}

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
  /** The Prometheus of the present incarnation, or of the last. @throws SimError `SIM_HOST_STATE` before the first. */
  prometheus(): Prometheus;
  /** The agent of a node's present incarnation; undefined before the first. */
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

  function service(name: string, build: (incarnation: Incarnation) => Instance): Service {
    return createService({ loop, host: network.fabric.addHost(name, runsTestCode), build });
  }

  function group(
    name: ServiceName,
    count: number,
    build: (incarnation: Incarnation) => Instance,
  ): ServiceGroup {
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
    postgres: group("postgres", 1, (incarnation) =>
      postgresInstance(world, postgres, incarnation, capacity.postgres, writers),
    ),
    redis: group("redis", 1, (incarnation) => redisInstance(world, redis, incarnation)),
    generator: group("generator", replicas.generator, (incarnation) =>
      generatorInstance(world, incarnation, renderer, platform.generator),
    ),
    controller: group("controller", replicas.controller, (incarnation) =>
      controllerInstance(world, incarnation, poolSize, platform.controller),
    ),
    gateway: group("gateway", replicas.gateway, (incarnation) =>
      gatewayInstance(world, incarnation, {
        poolSize,
        capacity: capacity.gateway,
        checkPassword,
        given: platform.gateway,
      }),
    ),
    prometheus: group("prometheus", 1, (incarnation) =>
      prometheusInstance(world, incarnation, scrapeConfig, storage, (instance) => (prometheus = instance)),
    ),
  };
  const nodes = new Map(
    nodeNames.map((name) => {
      const nodeStorage = { disk: disks.get(name) ?? createNodeDisk(), configs };
      const build = (incarnation: Incarnation): Instance =>
        nodeInstance(world, nodeStorage, incarnation, (agent) => agents.set(name, agent), platform.node);
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
