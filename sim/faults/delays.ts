/** Ways that are slow, or that change the order of what they carry. */
import { type Fault, type FaultKind, faultOf } from "./fault.js";
import { between, hostNames, httpRoutes, processes, routes, ruleFault } from "./hosts.js";

/** Every message between two hosts takes that much longer. @param ms - Virtual milliseconds. */
export function latencySpike(one: string, other: string, ms: number): Fault {
  return ruleFault("latency-spike", `latency ${one} | ${other} +${ms} ms`, (world) => {
    const struck = between(world, one, other);
    return (message) => (struck(message) ? { action: "delay", ms } : undefined);
  });
}

/** Every second message between two hosts is late, so that the next one overtakes it where order is not kept. */
export function reorder(one: string, other: string, ms: number): Fault {
  return ruleFault("reorder", `reorder ${one} | ${other} by ${ms} ms`, (world) => {
    const struck = between(world, one, other);
    let count = 0;
    return (message) => {
      if (!struck(message)) return undefined;
      count += 1;
      return count % 2 === 1 ? { action: "delay", ms } : undefined;
    };
  });
}

/** The way between two hosts carries one message at a time. @param ms - What each message takes. */
export function clog(one: string, other: string, ms: number): Fault {
  return ruleFault("clog", `clog ${one} | ${other}, ${ms} ms a message`, (world) => {
    const struck = between(world, one, other);
    let freeAtMs = 0;
    return (message) => {
      if (!struck(message)) return undefined;
      const nowMs = world.loop.clock.nowMs;
      freeAtMs = Math.max(nowMs, freeAtMs) + ms;
      return { action: "delay", ms: freeAtMs - nowMs };
    };
  });
}

/** Messages between two hosts are kept back, and let go in their order when it is healed. */
export function hold(one: string, other: string): Fault {
  const name = `hold ${one} | ${other}`;
  return faultOf("hold", name, (world) => {
    const struck = between(world, one, other);
    const kept: (() => void)[] = [];
    const handle = world.network.fabric.rules.add(name, (message) =>
      struck(message) ? { action: "hold", until: (release) => kept.push(release) } : undefined,
    );
    return () => {
      handle.heal();
      for (const release of kept.splice(0)) release();
    };
  });
}

/** A process that is too slow: whatever it gets and sends is late. */
export function slow(name: string, ms: number): Fault {
  return ruleFault("slow", `slow ${name} by ${ms} ms`, (world) => {
    const inside = hostNames(world, name);
    return ({ from, to }) => (inside.has(from) || inside.has(to) ? { action: "delay", ms } : undefined);
  });
}

/** The effect happens at once, the reply comes late. */
export function lateReply(one: string, other: string, ms: number): Fault {
  return ruleFault("late-reply", `late replies ${one} | ${other} by ${ms} ms`, (world) => {
    const struck = between(world, one, other);
    return (message) =>
      message.protocol === "http" && message.part === "reply" && struck(message)
        ? { action: "delay", ms }
        : undefined;
  });
}

const spikesMs = [500, 3_000, 6_000, 12_000];

export const delayKinds: readonly FaultKind[] = [
  {
    kind: "latency-spike",
    scope: "network",
    summary: "every message between two hosts takes longer",
    parameters: { one: "host or service", other: "host or service", ms: "virtual milliseconds" },
    draw: (pick, world) => latencySpike(...pick("route", routes(world)), pick("ms", spikesMs)),
  },
  {
    kind: "reorder",
    scope: "network",
    summary: "every second message is late, so that the next overtakes it",
    parameters: { one: "host or service", other: "host or service", ms: "virtual milliseconds" },
    draw: (pick, world) => reorder(...pick("route", routes(world)), pick("ms", spikesMs)),
  },
  {
    kind: "clog",
    scope: "network",
    summary: "the way between two hosts carries one message at a time",
    parameters: { one: "host or service", other: "host or service", ms: "virtual milliseconds a message" },
    draw: (pick, world) => clog(...pick("route", routes(world)), pick("ms", [200, 1_000, 3_000])),
  },
  {
    kind: "hold",
    scope: "network",
    summary: "messages are kept back and let go in their order later",
    parameters: { one: "host or service", other: "host or service" },
    draw: (pick, world) => hold(...pick("route", routes(world))),
  },
  {
    kind: "slow",
    scope: "process",
    summary: "a process is slow in all it does",
    parameters: { name: "host or service", ms: "virtual milliseconds a message" },
    draw: (pick, world) => slow(pick("host", processes(world)), pick("ms", [200, 1_000, 4_000])),
  },
  {
    kind: "late-reply",
    scope: "http",
    summary: "requests take effect at once and their replies come late",
    parameters: { one: "host or service", other: "host or service", ms: "virtual milliseconds" },
    draw: (pick, world) => lateReply(...pick("route", httpRoutes(world)), pick("ms", spikesMs)),
  },
];
