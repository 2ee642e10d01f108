/** Processes that die, freeze, or come back with something old. */
import type { Host } from "../../kernel/index.js";
import type { Outage, Service } from "../cluster/index.js";
import {
  faultOf,
  hostNames,
  hostsOf,
  processes,
  servicesOf,
  writers,
  type Fault,
  type FaultKind,
  type FaultWorld,
} from "./fault.js";

/** Processes die at once, with their memory, timers and connections; healing starts them again. */
export function crash(name: string): Fault {
  return faultOf("crash", `crash ${name}`, (world) => {
    const affects = servicesOf(world, name).filter(({ host }) => host.state !== "down");
    for (const service of affects) service.crash();
    return async () => bringUp(affects);
  });
}

/** A process dies when the answer to its n-th statement from now on is on its way. */
export function crashBetweenStatements(name: string, nth: number): Fault {
  const title = `crash ${name} after statement ${nth}`;
  return faultOf("crash-between-statements", title, (world) => {
    const services = servicesOf(world, name);
    const affects = hostNames(world, name);
    let count = 0;
    const handle = world.network.fabric.rules.add(title, ({ to, label }) => {
      if (!affects.has(to) || !label.startsWith("sql/") || !label.endsWith("/reply")) return undefined;
      count += 1;
      if (count === nth) {
        const service = services.find((each) => each.name === to);
        world.loop.schedule(0, "fault", title, () => {
          if (service?.host.state !== "down") service?.crash();
        });
      }
      return undefined;
    });
    return async () => {
      handle.heal();
      await bringUp(services);
    };
  });
}

/** Processes freeze; what arrives waits, and nobody notices. */
export function pause(name: string): Fault {
  return faultOf("pause", `pause ${name}`, (world) => {
    const affects = servicesOf(world, name).filter(({ host }) => host.state === "up");
    for (const { host } of affects) host.pause();
    return () => {
      for (const { host } of affects) host.resume();
    };
  });
}

/** A node that comes back, when healed, with its disk as it was when the fault was injected. */
export function restartWithOldConfig(node: string): Fault {
  return faultOf("restart-old-config", `${node} comes back with an old disk`, (world) => {
    const disk = world.cluster.disks.get(node);
    const collectors = [...(disk?.collectors ?? [])];
    const deleted = [...(disk?.deletedVersions ?? [])];
    return async () => {
      for (const service of servicesOf(world, node)) {
        if (service.host.state !== "down") service.crash();
        refill(disk?.collectors, collectors);
        refill(disk?.deletedVersions, deleted);
        await service.start();
      }
    };
  });
}

/** The replicas of a service are restarted one after the other, two seconds apart. */
export function rollingRestart(name: string): Fault {
  return faultOf("rolling-restart", `rolling restart of ${name}`, (world) => {
    const services = servicesOf(world, name);
    const stops: Outage[] = [];
    const cancels = services.flatMap((service, index) => [
      after(world, index * 2_000, `stop ${service.name}`, () => {
        if (service.host.state === "up") stops.push(service.stop());
      }),
      after(world, index * 2_000 + 1_500, `start ${service.name}`, () => {
        if (service.host.state === "down") void service.start().catch(() => undefined);
      }),
    ]);
    return async () => {
      for (const cancel of cancels) cancel();
      // A stop under way would end the process when the fault is over, with nobody left to start it.
      for (const stop of stops) await stop.heal();
      await bringUp(services);
    };
  });
}

/** PostgreSQL dies and comes back at once: committed rows survive, sessions do not. */
export function postgresRestart(): Fault {
  return faultOf("postgres-restart", "PostgreSQL restarts", (world) => {
    const services = servicesOf(world, "postgres");
    for (const service of services) if (service.host.state !== "down") service.crash({ restartAfter: 300 });
    return async () => bringUp(services);
  });
}

function after({ loop }: FaultWorld, ms: number, label: string, run: () => void): () => void {
  const event = loop.schedule(ms, "fault", label, run);
  return () => loop.cancel(event);
}

async function bringUp(services: readonly Service[]): Promise<void> {
  for (const service of services) if (service.host.state === "down") await service.start();
}

function refill<Key, Value>(
  map: Map<Key, Value> | undefined,
  entries: readonly (readonly [Key, Value])[],
): void {
  map?.clear();
  for (const [key, value] of entries) map?.set(key, value);
}

export const processKinds: readonly FaultKind[] = [
  {
    kind: "crash",
    scope: "process",
    summary: "a process dies at once",
    parameters: { name: "host or service" },
    sample: (choose, world) => crash(choose("host", processes(world))),
  },
  {
    kind: "crash-between-statements",
    scope: "process",
    summary: "a process dies between two statements",
    parameters: { name: "host", nth: "after which of its statements" },
    sample: (choose, world) =>
      crashBetweenStatements(
        choose("host", writers(world)),
        choose(
          "nth",
          Array.from({ length: 32 }, (_, index) => index + 1),
        ),
      ),
  },
  {
    kind: "pause",
    scope: "process",
    summary: "a process freezes",
    parameters: { name: "host or service" },
    sample: (choose, world) => pause(choose("host", processes(world))),
  },
  {
    kind: "restart-old-config",
    scope: "process",
    summary: "a node comes back with the disk of an earlier moment",
    parameters: { node: "node" },
    sample: (choose, { cluster }) => restartWithOldConfig(choose("node", [...cluster.nodes.keys()])),
  },
  {
    kind: "rolling-restart",
    scope: "process",
    summary: "the replicas of a service restart one after the other",
    parameters: { name: "service" },
    sample: (choose) => rollingRestart(choose("service", ["controller", "gateway", "generator"])),
  },
  {
    kind: "postgres-restart",
    scope: "postgres",
    summary: "PostgreSQL restarts",
    parameters: {},
    sample: () => postgresRestart(),
  },
];

// Clocks that are wrong. Healing sets them right.

// Of the others nobody reads the clock.
const readers = /^(?:controller|gateway|prometheus|node)/;

/** The wall clock of a host is off. @param ms - Virtual milliseconds, may be negative. */
export function clockOffset(name: string, ms: number): Fault {
  return change("clock-offset", `clock of ${name} is ${ms} ms off`, name, (host) => {
    host.clockOffsetMs += ms;
  });
}

/** The clocks of a host run at another rate. @param share - 0.01 gains one percent. */
export function clockDrift(name: string, share: number): Fault {
  return change("clock-drift", `clock of ${name} drifts by ${share * 100} %`, name, (host) => {
    host.clockDrift = share;
  });
}

/** The wall clock of a host jumps back. */
export function clockStepBack(name: string, ms: number): Fault {
  return change("clock-step-back", `clock of ${name} steps back ${ms} ms`, name, (host) => {
    host.clockOffsetMs -= ms;
  });
}

function change(kind: string, title: string, name: string, apply: (host: Host) => void): Fault {
  return faultOf(kind, title, (world) => {
    const hosts = hostsOf(world, name);
    hosts.forEach(apply);
    return () => {
      for (const host of hosts) {
        host.clockOffsetMs = 0;
        host.clockDrift = 0;
      }
    };
  });
}

function clocks(world: FaultWorld): readonly string[] {
  return processes(world).filter((name) => readers.test(name));
}

export const clockKinds: readonly FaultKind[] = [
  {
    kind: "clock-offset",
    scope: "clock",
    summary: "the wall clock of a host is off",
    parameters: { name: "host or service", ms: "virtual milliseconds" },
    sample: (choose, world) =>
      clockOffset(choose("host", clocks(world)), choose("ms", [1_000, -1_000, 60_000, -60_000, 3_600_000])),
  },
  {
    kind: "clock-drift",
    scope: "clock",
    summary: "the clocks of a host run at another rate",
    parameters: { name: "host or service", share: "gain of a second each second" },
    sample: (choose, world) =>
      clockDrift(choose("host", clocks(world)), choose("share", [0.001, -0.001, 0.05, -0.05])),
  },
  {
    kind: "clock-step-back",
    scope: "clock",
    summary: "the wall clock of a host jumps back",
    parameters: { name: "host or service", ms: "virtual milliseconds" },
    sample: (choose, world) =>
      clockStepBack(choose("host", clocks(world)), choose("ms", [1_000, 30_000, 3_600_000])),
  },
];

// Collectors that do not do what they should.

/** Configurations that a node accepts do not become live. */
export function stuckReload(node: string): Fault {
  return faultOf("stuck-reload", `collectors of ${node} do not reload`, ({ cluster }) => {
    const fault = cluster.agent(node)?.stuckReload();
    return () => fault?.heal();
  });
}

/** Collectors of a node report a multiple of their latency. */
export function slowCollectors(node: string, factor: number): Fault {
  return faultOf("slow-collectors", `collectors of ${node} are ${factor} times slower`, ({ cluster }) => {
    const fault = cluster.agent(node)?.slowCollectors(factor);
    return () => fault?.heal();
  });
}

/** Every collector process of a node dies and comes back. */
export function collectorCrash(node: string): Fault {
  return faultOf("collector-crash", `collectors of ${node} crash`, ({ cluster }) => {
    const known = [...(cluster.disks.get(node)?.collectors.values() ?? [])];
    for (const { experimentId, variant } of known) cluster.agent(node)?.crashCollector(experimentId, variant);
    return () => undefined;
  });
}

/** Every counter of a node begins at zero again. */
export function counterReset(node: string): Fault {
  return faultOf("counter-reset", `counters of ${node} begin again`, ({ cluster }) => {
    cluster.agent(node)?.resetCounters();
    return () => undefined;
  });
}

function kindOf(
  kind: string,
  scope: "collector" | "prometheus",
  summary: string,
  make: (node: string) => Fault,
): FaultKind {
  return {
    kind,
    scope,
    summary,
    parameters: { node: "node" },
    sample: (choose, { cluster }) => make(choose("node", [...cluster.nodes.keys()])),
  };
}

export const collectorKinds: readonly FaultKind[] = [
  kindOf("stuck-reload", "collector", "accepted configurations do not become live", stuckReload),
  kindOf("slow-collectors", "collector", "collectors are slow", (node) => slowCollectors(node, 3)),
  kindOf("collector-crash", "collector", "collector processes die", collectorCrash),
  kindOf("counter-reset", "prometheus", "counters begin at zero again", counterReset),
];
