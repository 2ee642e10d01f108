/** Processes that die, freeze, or come back with something old. */
import type { Outage, Service } from "../services/index.js";
import { type Fault, type FaultKind, type FaultWorld, faultOf } from "./fault.js";
import { hostNames, processes, servicesOf, writers } from "./hosts.js";

/** Processes die at once, with their memory, timers and connections; healing starts them again. */
export function crash(name: string): Fault {
  return faultOf("crash", `crash ${name}`, (world) => {
    const struck = servicesOf(world, name).filter(({ host }) => host.state !== "down");
    for (const service of struck) service.crash();
    return async () => bringUp(struck);
  });
}

/** A process dies when the answer to its n-th statement from now on is on its way. */
export function crashBetweenStatements(name: string, nth: number): Fault {
  const title = `crash ${name} after statement ${nth}`;
  return faultOf("crash-between-statements", title, (world) => {
    const services = servicesOf(world, name);
    const struck = hostNames(world, name);
    let count = 0;
    const handle = world.network.fabric.rules.add(title, ({ to, label }) => {
      if (!struck.has(to) || !label.startsWith("sql/") || !label.endsWith("/reply")) return undefined;
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

/** Processes freeze; what arrives waits, and nobody is told. */
export function pause(name: string): Fault {
  return faultOf("pause", `pause ${name}`, (world) => {
    const struck = servicesOf(world, name).filter(({ host }) => host.state === "up");
    for (const { host } of struck) host.pause();
    return () => {
      for (const { host } of struck) host.resume();
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
    draw: (pick, world) => crash(pick("host", processes(world))),
  },
  {
    kind: "crash-between-statements",
    scope: "process",
    summary: "a process dies between two statements",
    parameters: { name: "host", nth: "after which of its statements" },
    draw: (pick, world) =>
      crashBetweenStatements(
        pick("host", writers(world)),
        pick(
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
    draw: (pick, world) => pause(pick("host", processes(world))),
  },
  {
    kind: "restart-old-config",
    scope: "process",
    summary: "a node comes back with the disk of an earlier moment",
    parameters: { node: "node" },
    draw: (pick, { cluster }) => restartWithOldConfig(pick("node", [...cluster.nodes.keys()])),
  },
  {
    kind: "rolling-restart",
    scope: "process",
    summary: "the replicas of a service restart one after the other",
    parameters: { name: "service" },
    draw: (pick) => rollingRestart(pick("service", ["controller", "gateway", "generator"])),
  },
  {
    kind: "postgres-restart",
    scope: "postgres",
    summary: "PostgreSQL restarts",
    parameters: {},
    draw: () => postgresRestart(),
  },
];
