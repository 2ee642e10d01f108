/** Ways that are cut: what is sent waits, as TCP does, until the way is open again or a caller gives up. */
import { createStreams, hashString } from "../../kernel/index.js";
import {
  between,
  faultOf,
  hostNames,
  httpRoutes,
  sessionHolders,
  processes,
  routes,
  ruleFault,
  type Fault,
  type FaultKind,
} from "./fault.js";

/** Cuts the way between two hosts or services, both ways. */
export function partition(one: string, other: string): Fault {
  return ruleFault("partition", `partition ${one} | ${other}`, (world) => {
    const affects = between(world, one, other);
    return (message) => (affects(message) ? { action: "drop" } : undefined);
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
    const affects = between(world, one, other);
    return (message) =>
      affects(message) && (message.part === "frame" || message.part === "reset")
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
    sample: (choose, world) => partition(...choose("route", routes(world))),
  },
  {
    kind: "partition-one-way",
    scope: "network",
    summary: "the way from one host to another is cut, the way back is open",
    parameters: { from: "host or service", to: "host or service" },
    sample: (choose, world) => {
      const [one, other] = choose("route", routes(world));
      return choose("direction", ["to", "back"]) === "to"
        ? partitionOneWay(one, other)
        : partitionOneWay(other, one);
    },
  },
  {
    kind: "isolate",
    scope: "network",
    summary: "a host is cut off from everybody else",
    parameters: { name: "host or service" },
    sample: (choose, world) => isolate(choose("host", processes(world))),
  },
  {
    kind: "half-open",
    scope: "network",
    summary: "connections between two hosts go silent while new ones are made",
    parameters: { one: "host or service", other: "host or service" },
    sample: (choose, world) => halfOpen(...choose("route", routes(world))),
  },
];

// Ways that are slow, or that change the order of what they carry.

/** Every message between two hosts takes that much longer. @param ms - Virtual milliseconds. */
export function latencySpike(one: string, other: string, ms: number): Fault {
  return ruleFault("latency-spike", `latency ${one} | ${other} +${ms} ms`, (world) => {
    const affects = between(world, one, other);
    return (message) => (affects(message) ? { action: "delay", ms } : undefined);
  });
}

/** Every second message between two hosts is late, so that the next one overtakes it where order is not kept. */
export function reorder(one: string, other: string, ms: number): Fault {
  return ruleFault("reorder", `reorder ${one} | ${other} by ${ms} ms`, (world) => {
    const affects = between(world, one, other);
    let count = 0;
    return (message) => {
      if (!affects(message)) return undefined;
      count += 1;
      return count % 2 === 1 ? { action: "delay", ms } : undefined;
    };
  });
}

/** The way between two hosts carries one message at a time. @param ms - What each message takes. */
export function clog(one: string, other: string, ms: number): Fault {
  return ruleFault("clog", `clog ${one} | ${other}, ${ms} ms a message`, (world) => {
    const affects = between(world, one, other);
    let freeAtMs = 0;
    return (message) => {
      if (!affects(message)) return undefined;
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
    const affects = between(world, one, other);
    const kept: (() => void)[] = [];
    const handle = world.network.fabric.rules.add(name, (message) =>
      affects(message) ? { action: "hold", until: (release) => kept.push(release) } : undefined,
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
    const affects = between(world, one, other);
    return (message) =>
      message.protocol === "http" && message.part === "reply" && affects(message)
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
    sample: (choose, world) => latencySpike(...choose("route", routes(world)), choose("ms", spikesMs)),
  },
  {
    kind: "reorder",
    scope: "network",
    summary: "every second message is late, so that the next overtakes it",
    parameters: { one: "host or service", other: "host or service", ms: "virtual milliseconds" },
    sample: (choose, world) => reorder(...choose("route", routes(world)), choose("ms", spikesMs)),
  },
  {
    kind: "clog",
    scope: "network",
    summary: "the way between two hosts carries one message at a time",
    parameters: { one: "host or service", other: "host or service", ms: "virtual milliseconds a message" },
    sample: (choose, world) => clog(...choose("route", routes(world)), choose("ms", [200, 1_000, 3_000])),
  },
  {
    kind: "hold",
    scope: "network",
    summary: "messages are kept back and let go in their order later",
    parameters: { one: "host or service", other: "host or service" },
    sample: (choose, world) => hold(...choose("route", routes(world))),
  },
  {
    kind: "slow",
    scope: "process",
    summary: "a process is slow in all it does",
    parameters: { name: "host or service", ms: "virtual milliseconds a message" },
    sample: (choose, world) => slow(choose("host", processes(world)), choose("ms", [200, 1_000, 4_000])),
  },
  {
    kind: "late-reply",
    scope: "http",
    summary: "requests take effect at once and their replies come late",
    parameters: { one: "host or service", other: "host or service", ms: "virtual milliseconds" },
    sample: (choose, world) => lateReply(...choose("route", httpRoutes(world)), choose("ms", spikesMs)),
  },
];

// Messages that are lost, doubled, or break their connection.

/**
 * Attempts to send between two hosts are lost by chance, and made again after 200 ms or more.
 *
 * @param every - One in how many is lost, on average.
 */
export function loss(one: string, other: string, every: number): Fault {
  return ruleFault("loss", `loss ${one} | ${other}, 1 of ${every}`, (world) => {
    const affects = between(world, one, other);
    // The sequence of one fault is always the same: which messages it meets is what schedules vary.
    const streams = createStreams(hashString(`${one}/${other}/${every}`));
    return (message) =>
      affects(message) && streams.next("loss") % every === 0 ? { action: "drop" } : undefined;
  });
}

/** Every n-th request between two hosts arrives twice. */
export function duplicate(one: string, other: string, every: number): Fault {
  return ruleFault("duplicate", `duplicate ${one} | ${other}, 1 of ${every}`, (world) => {
    const affects = between(world, one, other);
    let count = 0;
    return (message) =>
      message.part === "request" && affects(message) && ++count % every === 0
        ? { action: "duplicate" }
        : undefined;
  });
}

/** Every POST to a service arrives twice, as behind a proxy that tries again. */
export function duplicatedPost(to: string): Fault {
  return ruleFault("duplicated-post", `duplicated POST to ${to}`, (world) => {
    const receivers = between(world, to, to);
    return (message) =>
      message.part === "request" &&
      message.label.startsWith("POST ") &&
      receivers({ ...message, from: message.to })
        ? { action: "duplicate" }
        : undefined;
  });
}

/** Every n-th message between two hosts breaks its connection instead of arriving. */
export function reset(one: string, other: string, every: number): Fault {
  return ruleFault("reset", `reset ${one} | ${other}, 1 of ${every}`, (world) => {
    const affects = between(world, one, other);
    let count = 0;
    return (message) => (affects(message) && ++count % every === 0 ? { action: "reset" } : undefined);
  });
}

/** WebSockets break without a close frame, each at its next frame. */
export function socketDrop(): Fault {
  return ruleFault(
    "socket-drop",
    "WebSockets break",
    () =>
      ({ protocol, label }) =>
        protocol === "websocket" && label === "websocket/text" ? { action: "reset" } : undefined,
  );
}

/** Clients stop reading the WebSockets they have; what is sent to them fills the buffers of the server. */
export function slowReader(): Fault {
  return faultOf("slow-reader", "WebSocket clients do not read", ({ sockets }) => {
    sockets.setAllReading(false);
    return () => sockets.setAllReading(true);
  });
}

/** What answers to COMMIT are called: of a service, whose statements have names, and of a driver, whose have texts. */
const commitReply = /^sql\/(?:.*;\s*)?(?:commit|end)\b.*\/reply$/i;

/** The connection breaks after COMMIT has taken effect, before its answer arrives. */
export function commitLost(client: string): Fault {
  return ruleFault("commit-lost", `answers to COMMIT of ${client} lost`, (world) => {
    const affects = between(world, client, "postgres");
    return (message) =>
      commitReply.test(message.label) && affects(message) ? { action: "reset" } : undefined;
  });
}

const everyNth = [2, 3, 5, 9];

export const lossKinds: readonly FaultKind[] = [
  {
    kind: "loss",
    scope: "network",
    summary: "one of several attempts to send is lost",
    parameters: { one: "host or service", other: "host or service", every: "which ones" },
    sample: (choose, world) => loss(...choose("route", routes(world)), choose("every", everyNth)),
  },
  {
    kind: "duplicate",
    scope: "network",
    summary: "one of several requests arrives twice",
    parameters: { one: "host or service", other: "host or service", every: "which ones" },
    sample: (choose, world) => duplicate(...choose("route", httpRoutes(world)), choose("every", [1, 2, 3])),
  },
  {
    kind: "duplicated-post",
    scope: "http",
    summary: "every POST to a service arrives twice",
    parameters: { to: "host or service" },
    sample: (choose) => duplicatedPost(choose("to", ["gateway", "generator"])),
  },
  {
    kind: "reset",
    scope: "network",
    summary: "one of several messages breaks its connection",
    parameters: { one: "host or service", other: "host or service", every: "which ones" },
    sample: (choose, world) => reset(...choose("route", routes(world)), choose("every", everyNth)),
  },
  {
    kind: "socket-drop",
    scope: "websocket",
    summary: "WebSockets break without a close frame",
    parameters: {},
    sample: () => socketDrop(),
  },
  {
    kind: "slow-reader",
    scope: "websocket",
    summary: "clients of WebSockets do not read",
    parameters: {},
    sample: () => slowReader(),
  },
  {
    kind: "commit-lost",
    scope: "postgres",
    summary: "the connection breaks after COMMIT has taken effect",
    parameters: { client: "host or service" },
    sample: (choose, world) => commitLost(choose("client", sessionHolders(world, ["gateway", "controller"]))),
  },
];

// Servers that answer wrongly: not at all, cut off, or not to a scrape.

/** A service answers 503 with Retry-After and does nothing. */
export function unavailable(name: string): Fault {
  return faultOf("unavailable", `${name} answers 503`, (world) => {
    const affects = hostNames(world, name);
    const entry = {
      before: (host: string) =>
        affects.has(host)
          ? {
              status: 503,
              headers: { "content-type": "application/json", "retry-after": "1" },
              body: '{"error":"unavailable","message":"unavailable","code":"SERVICE_UNAVAILABLE","details":null}',
            }
          : undefined,
    };
    world.faultHooks.http.add(entry);
    return () => void world.faultHooks.http.delete(entry);
  });
}

/** The effect happens, and the second half of the body is missing. */
export function truncatedBody(name: string): Fault {
  return faultOf("truncated-body", `bodies of ${name} are cut off`, (world) => {
    const affects = hostNames(world, name);
    const entry = {
      after: (host: string, _request: unknown, reply: { status: number; headers: object; body: string }) =>
        affects.has(host)
          ? {
              status: reply.status,
              headers: { ...reply.headers },
              body: reply.body.slice(0, reply.body.length >> 1),
            }
          : { status: reply.status, headers: { ...reply.headers }, body: reply.body },
    };
    world.faultHooks.http.add(entry);
    return () => void world.faultHooks.http.delete(entry);
  });
}

/** Scrapes of Prometheus fail, and nothing else. */
export function missedScrape(): Fault {
  return faultOf("missed-scrape", "scrapes fail", (world) => {
    const entry = {
      before: (_host: string, { url }: { url: string }, from: string | undefined) =>
        from !== undefined && from.startsWith("prometheus") && url.endsWith("/metrics")
          ? { status: 503, headers: {}, body: "" }
          : undefined,
    };
    world.faultHooks.http.add(entry);
    return () => void world.faultHooks.http.delete(entry);
  });
}

export const httpAnswerKinds: readonly FaultKind[] = [
  {
    kind: "unavailable",
    scope: "http",
    summary: "a service answers 503 with Retry-After",
    parameters: { name: "host or service" },
    sample: (choose, { cluster }) =>
      unavailable(
        choose("host", ["generator", "gateway", "prometheus", "controller", ...cluster.nodes.keys()]),
      ),
  },
  {
    kind: "truncated-body",
    scope: "http",
    summary: "bodies of a service are cut off",
    parameters: { name: "host or service" },
    sample: (choose, { cluster }) =>
      truncatedBody(choose("host", ["generator", "prometheus", ...cluster.nodes.keys(), "gateway"])),
  },
  {
    kind: "missed-scrape",
    scope: "prometheus",
    summary: "scrapes fail",
    parameters: {},
    sample: () => missedScrape(),
  },
];
