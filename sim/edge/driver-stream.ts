/**
 * Sockets for unmodified database drivers. The loop is held while bytes are on their way, in either direction, and
 * while a driver waits for an answer that time can bring. An idle connection moves nothing, so that a pool may be
 * left open; neither does a wait without an end, such as `BLPOP` without a limit.
 */
import { SimError } from "../errors.js";
import type { Incarnation, Loop } from "../kernel/index.js";
import type { Connection, Network, NetworkError, Protocol } from "../network/index.js";
import { ByteStream } from "./byte-stream.js";
import type { BytesOpening } from "./frames.js";
import { nodeError } from "./node-error.js";

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
  /** At the end of a world: ends every stream that waits for nothing, without a word to its driver. */
  abandonIdle(): void;
}

/** As long as Linux tries by default. */
const connectTimeoutMs = 127_000;

/** How long a peer may take to answer the end of a connection, as in `ioredis`. */
const closeTimeoutMs = 2_000;

export function createDriverStreams(world: DriverWorld): DriverStreams {
  const streams = new Set<Stream>();
  return {
    open(protocol, inRealTime = false) {
      if (world.loop.failure !== undefined) throw world.loop.failure;
      // Drivers and streams nest ticks deeper than the short drain goes.
      world.loop.drainDeep();
      const stream = new Stream(world, protocol, inRealTime);
      streams.add(stream);
      stream.once("close", () => streams.delete(stream));
      return stream;
    },
    abandonIdle() {
      for (const stream of streams) stream.abandonIfIdle();
    },
  };
}

class Stream extends ByteStream implements DriverStream {
  readonly #world: DriverWorld;
  readonly #watch: DriverWatch;
  readonly #inRealTime: boolean;
  readonly #start: (target: { readonly host: string; readonly port: number }) => void;
  #release: () => void = () => {};
  #held = "";
  #cancelClosing: () => void = () => {};
  #state: "fresh" | "opening" | "open" | "closing" | "over" | "abandoned" = "fresh";

  constructor(world: DriverWorld, { protocol, createWatch }: DriverProtocol, inRealTime: boolean) {
    const watch = createWatch();
    let start: (target: { readonly host: string; readonly port: number }) => void = () => {};
    const target = new Promise<{ readonly host: string; readonly port: number }>((resolve) => {
      start = resolve;
    });
    super(world.life, { host: "", port: 0 }, async () => connect(world, protocol, await target), {
      wrote: (bytes) => {
        watch.sent(bytes);
        this.#settle();
      },
      arrived: (bytes) => {
        if (bytes !== undefined) watch.received(bytes);
        this.#settle();
      },
      traffic: () => this.#settle(),
      finished: () => this.#closeSoon(),
      ended: () => this.#over(),
    });
    this.#world = world;
    this.#inRealTime = inRealTime;
    this.#watch = watch;
    this.#start = start;
    this.once("connect", () => {
      if (this.#state === "opening") this.#state = "open";
      this.#settle();
    });
  }

  connect(port: number, host: string): this {
    this.remoteAddress = host;
    this.remotePort = port;
    this.#state = "opening";
    this.#hold("to open");
    this.#start({ host, port });
    return this;
  }

  // A pool that ends its idle clients after the world says goodbye to nobody; that is no error.
  override _write(chunk: Uint8Array, encoding: string, done: (error?: Error) => void): void {
    if (this.#state === "abandoned") {
      this.#watch.sent(chunk);
      if (!this.#watch.waiting) {
        done();
        return;
      }
    }
    super._write(chunk, encoding, done);
  }

  abandonIfIdle(): void {
    if (this.#state === "opening" || (this.#state === "open" && this.#watch.waiting)) return;
    this.#over();
    this.#state = "abandoned";
    this.abandon(
      new SimError(
        "SIM_WORLD_CLOSED",
        `Cannot use this connection to ${this.remoteAddress}:${this.remotePort}: its world was disposed.`,
        "End pools and clients before the block of `await using` ends.",
      ),
    );
  }

  #settle(): void {
    if (this.#state !== "open") return;
    const { waiting, endless } = this.#watch;
    if (waiting && endless !== true) this.#hold("to answer");
    else if (this.underWay) this.#hold("to deliver");
    else if (waiting) this.#hold("to answer, whenever that is");
    else this.#let();
  }

  #hold(what: string): void {
    if (this.#held === what) return;
    this.#let();
    this.#held = what;
    const { loop } = this.#world;
    const wait = {
      describe: () => `the connection to ${this.remoteAddress}:${this.remotePort} ${what}`,
      fail: (error: Error) => queueMicrotask(() => this.destroy(error)),
      inRealTime: this.#inRealTime,
    };
    this.#release = what.endsWith("whenever that is") ? loop.waitEndlessly(wait) : loop.hold(wait);
  }

  #let(): void {
    this.#held = "";
    this.#release();
    this.#release = () => {};
  }

  // Nobody waits for ever for the other end of a connection that is cut.
  #closeSoon(): void {
    this.#state = "closing";
    this.#hold("to close");
    this.#cancelClosing = this.#world.life.schedule(closeTimeoutMs, "timer", "stream/close-timeout", () =>
      this.destroy(),
    );
  }

  #over(): void {
    if (this.#state !== "abandoned") this.#state = "over";
    this.#cancelClosing();
    this.#let();
  }
}

async function connect(
  { network, life }: DriverWorld,
  protocol: Protocol,
  { host, port }: { readonly host: string; readonly port: number },
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
