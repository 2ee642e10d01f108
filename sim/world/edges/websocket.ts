/**
 * `WebSocket` into a world, with the behaviour of a browser's. Frames, latency, order and faults come from the
 * network, events from Node's own EventTarget.
 */
import { SimError } from "../../errors.js";
import type { Incarnation, Loop, Origin } from "../../kernel/index.js";
import type { Network } from "../../kernel/network/index.js";
import { openChannel, type Channel, type ChannelWorld } from "./channel.js";
import { placeOf, routeUnknown } from "./routes.js";
import { noStatus } from "./stream-server.js";
import { checkAddress, checkClose } from "./web-socket-checks.js";

// `CloseEvent`, which Node 20 does not have.

/** As the browser's; the platform's own class where there is one would refuse to be told apart anyway. */
export class WorldCloseEvent extends Event {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;

  constructor(type: string, { code = 0, reason = "", wasClean = false, ...init }: CloseEventInit = {}) {
    super(type, init);
    this.code = code;
    this.reason = reason;
    this.wasClean = wasClean;
  }
}

// The `onopen` family: one handler a type, which keeps the place it was first set at, as HTML has it.

type Handler = (this: unknown, event: never) => unknown;

interface HandlerSlots {
  get(type: string): Handler | null;
  set(type: string, handler: unknown): void;
}

function createHandlerSlots(target: EventTarget): HandlerSlots {
  const handlers = new Map<string, Handler | null>();
  return {
    get: (type) => handlers.get(type) ?? null,
    set(type, value) {
      const known = handlers.has(type);
      handlers.set(type, typeof value === "function" ? (value as Handler) : null);
      if (known) return;
      target.addEventListener(type, (event) => handlers.get(type)?.call(target, event as never));
    },
  };
}

/** `WebSocket.CLOSING` of the standard. */
const closingState = 2;

export interface WorldSocketsOptions {
  readonly network: Network;
  /** The incarnation of the host that sockets come from. */
  readonly incarnation: Incarnation;
  readonly loop: Loop;
  /** Virtual milliseconds until a socket that does not open fails. @default 120_000 */
  readonly openTimeoutMs?: number;
  /** Headers of each upgrade request besides the standard ones. @default {} */
  readonly headers?: Readonly<Record<string, string>>;
  /** Throws for an address of the world that takes no sockets. @default none */
  readonly require?: ((address: URL) => void) | undefined;
}

export interface WorldSockets {
  /** The class to hand out. Each world has its own. */
  readonly WebSocket: typeof WebSocket;
  /** Sets what makes sockets to addresses that are not of this world; undefined for nobody. */
  setElsewhere(make: Elsewhere): void;
  /** The sockets that are neither closed nor closing, in the order they were made, and where each was. */
  open(): readonly { readonly url: string; readonly origin: Origin | undefined }[];
  /** How many sockets wait for the peer to answer their close. */
  closing(): number;
  /** Stops or resumes reading on a socket of this world: what arrives stays in flight, as with a slow client. */
  setReading(socket: WebSocket, reading: boolean): void;
  /** The same for every socket there is now. */
  setAllReading(reading: boolean): void;
}

/** Makes a socket of somebody else's, if there is somebody who answers for the address. */
type Elsewhere = (url: string | URL, protocols?: string | string[]) => EventTarget | undefined;

/** The constructor throws SimError `SIM_ROUTE_UNKNOWN` for a host that the world does not have. */
export function createWorldSockets({
  network,
  incarnation,
  loop,
  openTimeoutMs = 120_000,
  headers = {},
  require = () => {},
}: WorldSocketsOptions): WorldSockets {
  const world: ChannelWorld = { network, incarnation, loop, openTimeoutMs, headers };
  const alive = new Map<unknown, Channel>();
  const origins = new WeakMap<object, Origin>();
  const sockets = (): readonly WorldWebSocket[] => [...alive.keys()] as WorldWebSocket[];
  let elsewhere: Elsewhere = () => undefined;
  class WebSocket extends WorldWebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(world, alive, url, protocols);
      const origin = loop.origins.take(WebSocket);
      if (origin !== undefined) origins.set(this, origin);
    }
  }
  const Routed = new Proxy(WebSocket, {
    construct(target, args: [string | URL, (string | string[])?], newTarget) {
      if (loop.failure !== undefined) throw loop.failure;
      const address = new URL(checkAddress(...args).url);
      if (placeOf(network.fabric, address.hostname) === "world") {
        require(address);
        return Reflect.construct(target, args, newTarget) as WebSocket;
      }
      const other = elsewhere(...args);
      if (other === undefined) throw routeUnknown(network.fabric, address);
      return other;
    },
  });
  return {
    WebSocket: Routed as unknown as typeof globalThis.WebSocket,
    setElsewhere(make) {
      elsewhere = make;
    },
    open: () =>
      sockets()
        .filter(({ readyState }) => readyState !== closingState)
        .map((socket) => ({ url: socket.url, origin: origins.get(socket) })),
    closing: () => sockets().filter(({ readyState }) => readyState === closingState).length,
    setReading(socket, reading) {
      alive.get(socket)?.setReading(reading);
    },
    setAllReading(reading) {
      for (const channel of alive.values()) channel.setReading(reading);
    },
  };
}

// A lone surrogate becomes U+FFFD on its way. In Node 20, but not yet in the library types of ES2023.
const { toWellFormed } = String.prototype as unknown as { readonly toWellFormed: (this: string) => string };

const states = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 } as const;

class WorldWebSocket extends EventTarget {
  readonly url: string;
  readonly extensions = "";
  readonly #handlers: HandlerSlots = createHandlerSlots(this);
  readonly #channel: Channel;
  readonly #alive: Map<unknown, Channel>;
  #readyState: number = states.CONNECTING;
  #protocol = "";
  #binaryType: BinaryType = "blob";
  // What was sent too late counts for ever, as the standard has it.
  #lateBytes = 0;

  constructor(
    world: ChannelWorld,
    alive: Map<unknown, Channel>,
    url: string | URL,
    protocols: string | string[] | undefined,
  ) {
    super();
    const address = checkAddress(url, protocols);
    this.url = address.url;
    this.#alive = alive;
    this.#channel = openChannel(world, address, {
      opened: (protocol) => this.#opened(protocol),
      received: (data) => this.#received(data),
      closing: () => {
        this.#readyState = states.CLOSING;
      },
      closed: (code, reason, wasClean, failed) => this.#closed({ code, reason, wasClean }, failed),
    });
    alive.set(this, this.#channel);
  }

  get readyState(): number {
    return this.#readyState;
  }

  get protocol(): string {
    return this.#protocol;
  }

  get bufferedAmount(): number {
    return this.#channel.bufferedAmount + this.#lateBytes;
  }

  get binaryType(): BinaryType {
    return this.#binaryType;
  }

  // An unknown value is ignored, as for every enumerated attribute of the web.
  set binaryType(type: BinaryType) {
    if (type === "blob" || type === "arraybuffer") this.#binaryType = type;
  }

  get onopen(): unknown {
    return this.#handlers.get("open");
  }

  set onopen(handler: unknown) {
    this.#handlers.set("open", handler);
  }

  get onmessage(): unknown {
    return this.#handlers.get("message");
  }

  set onmessage(handler: unknown) {
    this.#handlers.set("message", handler);
  }

  get onerror(): unknown {
    return this.#handlers.get("error");
  }

  set onerror(handler: unknown) {
    this.#handlers.set("error", handler);
  }

  get onclose(): unknown {
    return this.#handlers.get("close");
  }

  set onclose(handler: unknown) {
    this.#handlers.set("close", handler);
  }

  send(data: unknown): void {
    if (this.#readyState === states.CONNECTING) {
      throw new DOMException(
        "Failed to execute 'send' on 'WebSocket': Still in CONNECTING state.",
        "InvalidStateError",
      );
    }
    const payload = payloadOf(data);
    const size = typeof payload === "string" ? Buffer.byteLength(payload) : payload.byteLength;
    if (this.#readyState === states.OPEN) this.#channel.send(payload, size);
    else this.#lateBytes += size;
  }

  close(code?: number, reason?: string): void {
    const text = reason === undefined ? undefined : toWellFormed.call(reason);
    const checked = checkClose(code, text);
    if (this.#readyState >= states.CLOSING) return;
    this.#readyState = states.CLOSING;
    this.#channel.close(checked ?? (text === undefined ? noStatus : 1000), text ?? "");
  }

  #opened(protocol: string): void {
    this.#readyState = states.OPEN;
    this.#protocol = protocol;
    this.dispatchEvent(new Event("open"));
  }

  #received(data: string | Uint8Array): void {
    this.dispatchEvent(
      new MessageEvent("message", {
        data: dataFor(data, this.#binaryType),
        origin: new URL(this.url).origin,
      }),
    );
  }

  #closed(init: CloseEventInit, failed: boolean): void {
    this.#readyState = states.CLOSED;
    this.#alive.delete(this);
    if (failed) this.dispatchEvent(new Event("error"));
    this.dispatchEvent(new WorldCloseEvent("close", init));
  }
}

// The constants stand on the class and on each socket; on the prototype they cost nothing.
for (const [name, value] of Object.entries(states)) {
  for (const keepAlive of [WorldWebSocket, WorldWebSocket.prototype]) {
    Object.defineProperty(keepAlive, name, { value, enumerable: true });
  }
}

function dataFor(data: string | Uint8Array, type: BinaryType): unknown {
  if (typeof data === "string") return data;
  const copy = data.slice();
  return type === "blob" ? new Blob([copy]) : copy.buffer;
}

function payloadOf(data: unknown): string | Uint8Array {
  if (data instanceof ArrayBuffer) return new Uint8Array(data.slice(0));
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  }
  if (data instanceof Blob) {
    throw new SimError(
      "SIM_UNSUPPORTED",
      "Cannot send a Blob: Node reads it outside virtual time, at no certain moment.",
      "Send `await blob.arrayBuffer()`.",
    );
  }
  return toWellFormed.call(String(data));
}
