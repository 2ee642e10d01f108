/** Ways that are cut: what is sent waits, as TCP does, until the way is open again or a caller gives up. */
import { type FaultKind, type Fault } from "./fault.js";
import { between, hostNames, processes, routes, ruleFault } from "./hosts.js";

/** Cuts the way between two hosts or services, both ways. */
export function partition(one: string, other: string): Fault {
  return ruleFault("partition", `partition ${one} | ${other}`, (world) => {
    const struck = between(world, one, other);
    return (message) => (struck(message) ? { action: "drop" } : undefined);
  });
}

/** Cuts the way from one host or service to another; the way back stays open. */
export function partitionOneWay(from: string, to: string): Fault {
  return ruleFault("partition-one-way", `partition ${from} > ${to}`, (world) => {
    const [senders, receivers] = [hostNames(world, from), hostNames(world, to)];
    return (message) =>
      senders.has(message.from) && receivers.has(message.to) ? { action: "drop" } : undefined;
  });
}

/** Cuts a host or service off from everybody else. */
export function isolate(name: string): Fault {
  return ruleFault("isolate", `isolate ${name}`, (world) => {
    const inside = hostNames(world, name);
    return ({ from, to }) => (inside.has(from) === inside.has(to) ? undefined : { action: "drop" });
  });
}

/** Connections between two hosts go silent; new ones are made. */
export function halfOpen(one: string, other: string): Fault {
  return ruleFault("half-open", `half-open ${one} | ${other}`, (world) => {
    const struck = between(world, one, other);
    return (message) =>
      struck(message) && (message.part === "frame" || message.part === "reset")
        ? { action: "drop" }
        : undefined;
  });
}

export const partitionKinds: readonly FaultKind[] = [
  {
    kind: "partition",
    scope: "network",
    summary: "the way between two hosts is cut, both ways",
    parameters: { one: "host or service", other: "host or service" },
    draw: (pick, world) => partition(...pick("route", routes(world))),
  },
  {
    kind: "partition-one-way",
    scope: "network",
    summary: "the way from one host to another is cut, the way back is open",
    parameters: { from: "host or service", to: "host or service" },
    draw: (pick, world) => {
      const [one, other] = pick("route", routes(world));
      return pick("direction", ["to", "back"]) === "to"
        ? partitionOneWay(one, other)
        : partitionOneWay(other, one);
    },
  },
  {
    kind: "isolate",
    scope: "network",
    summary: "a host is cut off from everybody else",
    parameters: { name: "host or service" },
    draw: (pick, world) => isolate(pick("host", processes(world))),
  },
  {
    kind: "half-open",
    scope: "network",
    summary: "connections between two hosts go silent while new ones are made",
    parameters: { one: "host or service", other: "host or service" },
    draw: (pick, world) => halfOpen(...pick("route", routes(world))),
  },
];
