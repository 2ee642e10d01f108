/** Messages that are lost, doubled, or break their connection. */
import { type Fault, type FaultKind, faultOf } from "./fault.js";
import { createStreams, hashString } from "../kernel/index.js";
import { between, httpRoutes, routes, ruleFault } from "./hosts.js";

/**
 * Attempts to send between two hosts are lost by chance, and made again after 200 ms or more.
 *
 * @param every - One in how many is lost, on average.
 */
export function loss(one: string, other: string, every: number): Fault {
  return ruleFault("loss", `loss ${one} | ${other}, 1 of ${every}`, (world) => {
    const struck = between(world, one, other);
    // The sequence of one fault is always the same: which messages it meets is what schedules vary.
    const streams = createStreams(hashString(`${one}/${other}/${every}`));
    return (message) =>
      struck(message) && streams.next("loss") % every === 0 ? { action: "drop" } : undefined;
  });
}

/** Every n-th request between two hosts arrives twice. */
export function duplicate(one: string, other: string, every: number): Fault {
  return ruleFault("duplicate", `duplicate ${one} | ${other}, 1 of ${every}`, (world) => {
    const struck = between(world, one, other);
    let count = 0;
    return (message) =>
      message.part === "request" && struck(message) && ++count % every === 0
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
    const struck = between(world, one, other);
    let count = 0;
    return (message) => (struck(message) && ++count % every === 0 ? { action: "reset" } : undefined);
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

/** The connection breaks after COMMIT has taken effect, before its answer arrives. */
export function commitLost(client: string): Fault {
  return ruleFault("commit-lost", `answers to COMMIT of ${client} lost`, (world) => {
    const struck = between(world, client, "postgres");
    return (message) =>
      message.label === "sql/commit/reply" && struck(message) ? { action: "reset" } : undefined;
  });
}

const everies = [2, 3, 5, 9];

export const lossKinds: readonly FaultKind[] = [
  {
    kind: "loss",
    scope: "network",
    summary: "one of several attempts to send is lost",
    parameters: { one: "host or service", other: "host or service", every: "which ones" },
    draw: (pick, world) => loss(...pick("route", routes(world)), pick("every", everies)),
  },
  {
    kind: "duplicate",
    scope: "network",
    summary: "one of several requests arrives twice",
    parameters: { one: "host or service", other: "host or service", every: "which ones" },
    draw: (pick, world) => duplicate(...pick("route", httpRoutes(world)), pick("every", [1, 2, 3])),
  },
  {
    kind: "duplicated-post",
    scope: "http",
    summary: "every POST to a service arrives twice",
    parameters: { to: "host or service" },
    draw: (pick) => duplicatedPost(pick("to", ["gateway", "generator"])),
  },
  {
    kind: "reset",
    scope: "network",
    summary: "one of several messages breaks its connection",
    parameters: { one: "host or service", other: "host or service", every: "which ones" },
    draw: (pick, world) => reset(...pick("route", routes(world)), pick("every", everies)),
  },
  {
    kind: "socket-drop",
    scope: "websocket",
    summary: "WebSockets break without a close frame",
    parameters: {},
    draw: () => socketDrop(),
  },
  {
    kind: "slow-reader",
    scope: "websocket",
    summary: "clients of WebSockets do not read",
    parameters: {},
    draw: () => slowReader(),
  },
  {
    kind: "commit-lost",
    scope: "postgres",
    summary: "the connection breaks after COMMIT has taken effect",
    parameters: { client: "gateway or controller" },
    draw: (pick) => commitLost(pick("client", ["gateway", "controller"])),
  },
];
