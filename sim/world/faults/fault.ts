/** What a fault is: a name, something it does to a world, and a handle that ends it. */
import type { Host, Loop } from "../../kernel/index.js";
import type { Message, Network, Rule } from "../../kernel/network/index.js";
import type { Cluster, ServerFaultHooks, Service } from "../cluster/index.js";

/** What faults act on. */
export interface FaultWorld {
  readonly loop: Loop;
  readonly network: Network;
  readonly cluster: Cluster;
  readonly faultHooks: ServerFaultHooks;
  /** WebSockets of clients. */
  readonly sockets: { setAllReading(reading: boolean): void };
}

/** Which part of the world a fault affects. */
export type FaultScope =
  "network" | "http" | "websocket" | "process" | "clock" | "postgres" | "redis" | "prometheus" | "collector";

/** A fault in force. */
export interface FaultHandle {
  /** Such as `partition gateway | postgres`. */
  readonly name: string;
  /** Ends the fault, and resolves when what it broke is back. Healing twice does nothing more. */
  heal(): Promise<void>;
}

/** A fault that may be injected; it does nothing before. */
export interface Fault {
  /** Name of its kind, as profiles and reports use it. */
  readonly kind: string;
  /** Kind and parameters, in words. */
  readonly name: string;
  /**
   * Users inject by `phoenix.faults`.
   *
   * @internal
   * @throws SimError `SIM_HOST_UNKNOWN` when it names a host that the world does not have.
   */
  inject(world: FaultWorld): FaultHandle;
}

/** Chooses one of several values under a stable name; the first is the default. */
export type ChooseOption = <T>(name: string, options: readonly T[]) => T;

/** One kind of fault: data about it, and how the explorer samples one. */
export interface FaultKind {
  readonly kind: string;
  readonly scope: FaultScope;
  /** One sentence. */
  readonly summary: string;
  /** Its parameters, each in a few words. */
  readonly parameters: Readonly<Record<string, string>>;
  /** @internal Draws a fault of this kind for a world. */
  sample(choose: ChooseOption, world: FaultWorld): Fault;
}

/** @returns A fault whose effect is undone by calling `undo` once. */
export function faultOf(
  kind: string,
  name: string,
  apply: (world: FaultWorld) => () => Promise<void> | void,
): Fault {
  return {
    kind,
    name,
    inject(world) {
      const undo = apply(world);
      let healing: Promise<void> | undefined;
      return {
        name,
        async heal() {
          healing ??= Promise.resolve(undo());
          await healing;
        },
      };
    },
  };
}

// Names of hosts, and what the explorer may aim at.

/** @returns Hosts behind a host or service name. @throws SimError `SIM_HOST_UNKNOWN`. */
export function hostsOf({ network }: FaultWorld, name: string): readonly Host[] {
  const hosts = network.fabric.resolve(name);
  return hosts.length > 0 ? hosts : [network.host(name)];
}

/** @returns Names of the hosts behind a host or service name. */
export function hostNames(world: FaultWorld, name: string): ReadonlySet<string> {
  return new Set(hostsOf(world, name).map((host) => host.name));
}

/** @returns The supervised services behind a host or service name. @throws SimError `SIM_HOST_UNKNOWN`. */
export function servicesOf(world: FaultWorld, name: string): readonly Service[] {
  const names = hostNames(world, name);
  return world.cluster.all.filter((service) => names.has(service.name));
}

type Route = readonly [string, string];

/**
 * Routes that messages take: those of the platform, the busiest first, then those over which the test's own drivers
 * have connected so far. The latter are listed so often that they are as likely as all others together: what uses them
 * is the code under test.
 */
export function routes(world: FaultWorld): readonly Route[] {
  const ofPlatform = platformRoutes(world);
  const known = new Set(ofPlatform.map(([one, other]) => `${one}>${other}`));
  const ofTest = world.network.fabric
    .connectedPairs()
    .filter(([from]) => from === "client")
    .map(([from, to]): Route => [from, serviceNameOf(world, to)])
    .filter(([one, other]) => !known.has(`${one}>${other}`));
  const times = Math.ceil(ofPlatform.length / Math.max(1, ofTest.length));
  return [...ofPlatform, ...Array.from({ length: times }, () => ofTest).flat()];
}

function serviceNameOf({ cluster }: FaultWorld, hostName: string): string {
  const groups = Object.entries(cluster.groups);
  return groups.find(([, { replicas }]) => replicas.some(({ name }) => name === hostName))?.[0] ?? hostName;
}

function platformRoutes({ cluster }: FaultWorld): readonly Route[] {
  const nodes = [...cluster.nodes.keys()];
  return [
    ["gateway", "postgres"],
    ["controller", "postgres"],
    ["client", "gateway"],
    ...nodes.map((node) => ["controller", node] as const),
    ["controller", "generator"],
    ["gateway", "redis"],
    ["controller", "redis"],
    ["prometheus", "controller"],
    ...nodes.map((node) => ["prometheus", node] as const),
    ["controller", "prometheus"],
    ["gateway", "generator"],
  ];
}

/** @returns Those of them that HTTP takes. */
export function httpRoutes(world: FaultWorld): readonly Route[] {
  return routes(world).filter(([, to]) => to !== "postgres" && to !== "redis");
}

/** Everything that can crash: replicas and nodes, by host name. */
export function processes({ cluster }: FaultWorld): readonly string[] {
  const { groups, nodes } = cluster;
  const order = ["controller", "gateway", "postgres", "redis", "generator", "prometheus"] as const;
  return [...order.flatMap((name) => groups[name].replicas.map((service) => service.name)), ...nodes.keys()];
}

/** Processes that write to the database. */
export function writers({ cluster }: FaultWorld): readonly string[] {
  return [...cluster.groups.controller.replicas, ...cluster.groups.gateway.replicas].map(({ name }) => name);
}

/**
 * Whose statements a fault may hit: those of the platform that are given, and the test's own drivers once they have
 * connected, as likely as all others together, because what uses them is the code under test.
 */
export function sessionHolders(world: FaultWorld, ofPlatform: readonly string[]): readonly string[] {
  const isServer = hostNames(world, "postgres");
  const connected = world.network.fabric
    .connectedPairs()
    .some(([from, to]) => from === "client" && isServer.has(to));
  return connected ? [...ofPlatform, ...ofPlatform.map(() => "client")] : ofPlatform;
}

/** @returns A fault that is one rule of the network. */
export function ruleFault(kind: string, name: string, build: (world: FaultWorld) => Rule): Fault {
  return faultOf(kind, name, (world) => {
    const handle = world.network.fabric.rules.add(name, build(world));
    return () => handle.heal();
  });
}

/** @returns A test for messages between two hosts or services, in either direction. */
export function between(world: FaultWorld, one: string, other: string): (message: Message) => boolean {
  const [left, right] = [hostNames(world, one), hostNames(world, other)];
  return ({ from, to }) => (left.has(from) && right.has(to)) || (right.has(from) && left.has(to));
}
