/**
 * Sockets for unmodified database drivers. The loop is held while bytes are on their way, in either direction, and
 * while a driver waits for an answer that time can bring. An idle connection moves nothing, so that a pool may be
 * left open; neither does a wait without an end, such as `BLPOP` without a limit.
 */
import type net from "node:net";
import type { Duplex } from "node:stream";

import { SimError } from "../errors.js";
import type { Incarnation, Loop } from "../kernel/index.js";
import type { Connection, Network, NetworkError, Protocol } from "../network/index.js";
import { adoptSocket } from "./adopt-socket.js";
import { ByteStream } from "./byte-stream.js";
import type { BytesOpening } from "./frames.js";
import { nodeError } from "./node-error.js";
import type { WireListener } from "./wire.js";

/** Knows a protocol well enough to say whether the client waits; told of every byte, in order. */
export interface DriverWatch {
  sent(bytes: Uint8Array): void;
  received(bytes: Uint8Array): void;
  readonly waiting: boolean;
  /** Whether no passing of time ends that wait: it needs somebody else's command. */
  readonly endless?: boolean;
}

/** How a driver's protocol is carried. */
export interface DriverProtocol {
  /** What rules of the network see. */
  readonly protocol: Protocol;
  /**
   * Whether a driver is told that its idle connections are gone when the world ends: a pool drops them, then, and the
   * next world gets new ones. A driver that would connect again at once is left alone.
   */
  readonly endsWithWorld: boolean;
  createWatch(): DriverWatch;
}

export interface DriverWorld {
  readonly network: Network;
  readonly loop: Loop;
  /** The life of the host that the drivers run on. */
  readonly life: Incarnation;
}

/** The client's end, not yet connected. */
export interface DriverStream extends ByteStream {
  /** Connects, as `net.Socket` does; a failure destroys the stream with an error like the operating system's. */
  connect(port: number, host: string): this;
}

/** The streams of one world. */
export interface DriverStreams {
  /**
   * @param inRealTime - Whether its user lives in real time, as whoever comes in by a real port does. @default false
   * @throws SimError The failure of the world, when it has ended.
   */
  open(protocol: DriverProtocol, inRealTime?: boolean): DriverStream;
  /** The same for a socket of Node's that is not connected yet. @throws SimError as above. */
  adopt(socket: net.Socket, protocol: DriverProtocol, target: Address): void;
  /** At the end of a world: ends every stream that waits for nothing, without a word to its driver. */
  abandonIdle(): void;
}

/** Where a driver connects to. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** As long as Linux tries by default. */
const connectTimeoutMs = 127_000;

/** How long a peer may take to answer the end of a connection, as in `ioredis`. */
const closeTimeoutMs = 2_000;

export function createDriverStreams(world: DriverWorld): DriverStreams {
  const ends = new Set<DriverEnd>();

  function createEnd(protocol: DriverProtocol, inRealTime: boolean): DriverEnd {
    if (world.loop.failure !== undefined) throw world.loop.failure;
    // Drivers and streams nest ticks deeper than the short drain goes.
    world.loop.drainDeep();
    return createDriverEnd(world, protocol, inRealTime);
  }

  function keep(end: DriverEnd, stream: Duplex): void {
    ends.add(end);
    stream.once("close", () => ends.delete(end));
  }

  return {
    open(protocol, inRealTime = false) {
      const end = createEnd(protocol, inRealTime);
      const stream = new Stream(world, protocol, end);
      keep(end, stream);
      return stream;
    },
    adopt(socket, protocol, target) {
      const end = createEnd(protocol, false);
      const open = async (): Promise<Connection> => connect(world, protocol.protocol, target);
      const wire = adoptSocket(socket, target, { life: world.life, open, listener: end.listener });
      end.bind(socket, wire);
      end.connect(target);
      keep(end, socket);
    },
    abandonIdle() {
      for (const end of ends) end.abandonIfIdle();
    },
  };
}

/** As much of a stream's wire as has to be known here. */
interface EndWire {
  readonly underWay: boolean;
  abandon(error: Error): void;
}

/** What one end of a connection waits for, and how that keeps time moving. */
interface DriverEnd {
  readonly listener: WireListener;
  /** To be called once, with the stream that `listener` is for. */
  bind(stream: Duplex, wire: EndWire): void;
  /** It connects from now on. */
  connect(target: Address): void;
  abandonIfIdle(): void;
}

function createDriverEnd(
  { loop, life }: DriverWorld,
  { createWatch, endsWithWorld }: DriverProtocol,
  inRealTime: boolean,
): DriverEnd {
  const watch = createWatch();
  let bound: { readonly stream: Duplex; readonly wire: EndWire } | undefined;
  let target: Address = { host: "", port: 0 };
  let state: "fresh" | "opening" | "open" | "closing" | "over" | "abandoned" = "fresh";
  let release: () => void = () => {};
  let held = "";
  let cancelClosing: () => void = () => {};

  function settle(): void {
    if (state !== "open") return;
    const { waiting, endless } = watch;
    if (waiting && endless !== true) hold("to answer");
    else if (bound?.wire.underWay === true) hold("to deliver");
    else if (waiting) hold("to answer, whenever that is");
    else letGo();
  }

  function hold(what: string): void {
    if (held === what) return;
    letGo();
    held = what;
    const wait = {
      describe: () => `the connection to ${target.host}:${target.port} ${what}`,
      fail: (error: Error) => queueMicrotask(() => bound?.stream.destroy(error)),
      inRealTime,
      ofClient: true,
    };
    release = what.endsWith("whenever that is") ? loop.waitEndlessly(wait) : loop.hold(wait);
  }

  function letGo(): void {
    held = "";
    release();
    release = () => {};
  }

  // Nobody waits for ever for the other end of a connection that is cut.
  function closeSoon(): void {
    state = "closing";
    hold("to close");
    cancelClosing = life.schedule(closeTimeoutMs, "timer", "stream/close-timeout", () =>
      bound?.stream.destroy(),
    );
  }

  function over(): void {
    if (state !== "abandoned") state = "over";
    cancelClosing();
    letGo();
  }

  return {
    listener: {
      wrote(bytes) {
        watch.sent(bytes);
        settle();
      },
      arrived(bytes) {
        if (bytes !== undefined) watch.received(bytes);
        settle();
      },
      traffic: settle,
      finished: closeSoon,
      ended: over,
      // A pool that ends its idle clients after the world says goodbye to nobody; that is no error.
      saysGoodbye(bytes) {
        watch.sent(bytes);
        return !watch.waiting;
      },
    },
    bind(stream, wire) {
      bound = { stream, wire };
      stream.once("connect", () => {
        if (state === "opening") state = "open";
        settle();
      });
    },
    connect(given) {
      target = given;
      state = "opening";
      hold("to open");
    },
    abandonIfIdle() {
      if (state === "opening" || (state === "open" && watch.waiting)) return;
      over();
      state = "abandoned";
      bound?.wire.abandon(
        new SimError(
          "SIM_WORLD_CLOSED",
          `Cannot use this connection to ${target.host}:${target.port}: its world was disposed.`,
          "End pools and clients before the block of `await using` ends.",
        ),
      );
      if (endsWithWorld && bound !== undefined) sayClosed(bound.stream);
    },
  };
}

// Whoever has no ear for the error of an idle connection shall not hear of it in the end of a world.
function sayClosed(stream: Duplex): void {
  try {
    stream.emit("close", false);
  } catch {
    // An `error` event that nobody listens to.
  }
}

class Stream extends ByteStream implements DriverStream {
  readonly #end: DriverEnd;
  readonly #start: (target: Address) => void;

  constructor(world: DriverWorld, protocol: DriverProtocol, end: DriverEnd) {
    let start: (target: Address) => void = () => {};
    const target = new Promise<Address>((resolve) => {
      start = resolve;
    });
    const open = async (): Promise<Connection> => connect(world, protocol.protocol, await target);
    super(world.life, { host: "", port: 0 }, open, end.listener);
    this.#end = end;
    this.#start = start;
    end.bind(this, this);
  }

  connect(port: number, host: string): this {
    this.remoteAddress = host;
    this.remotePort = port;
    this.#end.connect({ host, port });
    this.#start({ host, port });
    return this;
  }
}

async function connect(
  { network, life }: DriverWorld,
  protocol: Protocol,
  { host, port }: Address,
): Promise<Connection> {
  try {
    const connection = await network.connect(life, host, port, protocol, connectTimeoutMs);
    connection.send({ kind: "bytes" } satisfies BytesOpening, `${protocol}/open`, 0, 0);
    return connection;
  } catch (error) {
    const { code } = error as NetworkError;
    if (code === "ENOTFOUND") throw nodeError(code, "getaddrinfo", host);
    throw nodeError(code, "connect", `${host}:${port}`);
  }
}
