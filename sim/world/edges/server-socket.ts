/** The server's end of a WebSocket over a connection of the network. */
import net from "node:net";

import type { ServerSocket, SocketRequest } from "../../../src/ports/index.js";
import { waitFor, type Duration, type Incarnation, type Loop } from "../../kernel/index.js";
import type { Connection } from "../../kernel/network/index.js";
import { checkOptions, withoutTokens } from "../../shared/text.js";
import { abnormal, closeTimeoutMs, noStatus, sendFrame, type SocketFrame } from "./stream-server.js";
import { createWire, type Wire, type WireOptions } from "./wire.js";

/** The port of src/ports/index.ts, and binary frames, which no service of the platform uses. */
export interface WorldServerSocket extends ServerSocket {
  sendBinary(bytes: Uint8Array): void;
  /** Without a listener a binary frame closes the socket with 1003, as a server that takes only text does. */
  onBinary(listener: (bytes: Uint8Array) => void): void;
}

/** The upgrade request of a client, as its first frame. */
export type UpgradeFrame = Extract<SocketFrame, { kind: "upgrade" }>;

/**
 * Accepts an upgrade with the first sub-protocol that was asked for, as `ws` does, and hands out the socket.
 *
 * @param incarnation - The incarnation of the server, for its time-outs.
 */
export function acceptWebSocket(
  incarnation: Incarnation,
  connection: Connection,
  { request, protocols }: UpgradeFrame,
  onSocket: (socket: WorldServerSocket, request: SocketRequest) => void,
): void {
  sendFrame(connection, { kind: "accept", protocol: protocols[0] ?? "" });
  onSocket(createServerSocket(incarnation, connection), request);
}

function createServerSocket(incarnation: Incarnation, connection: Connection): WorldServerSocket {
  let state: "open" | "closing" | "closed" = "open";
  let onMessage: (text: string) => void = () => {};
  let onBinary: ((bytes: Uint8Array) => void) | undefined;
  let onClose: (code: number, reason: string) => void = () => {};
  let cancelTimeout: () => void = () => {};

  function finish(code: number, reason: string): void {
    if (state === "closed") return;
    state = "closed";
    cancelTimeout();
    onClose(code, reason);
  }

  function startClosing(code: number, reason: string): void {
    if (state !== "open") return;
    state = "closing";
    sendFrame(connection, { kind: "close", code, reason });
    cancelTimeout = incarnation.schedule(closeTimeoutMs, "timer", "websocket/close-timeout", () => {
      connection.abort();
      finish(abnormal, "");
    });
  }

  function closeReceived(code: number, reason: string): void {
    if (state === "open") sendFrame(connection, { kind: "close", code, reason });
    connection.close();
    finish(code, reason);
  }

  connection.onMessage((frame: SocketFrame) => {
    if (frame.kind === "text") onMessage(frame.text);
    else if (frame.kind === "close") closeReceived(frame.code, frame.reason);
    else if (frame.kind !== "binary") connection.abort();
    else if (onBinary === undefined) startClosing(1003, "text frames only");
    else onBinary(frame.bytes);
  });
  connection.onClose(() => finish(abnormal, ""));

  return {
    get bufferedAmount() {
      return connection.inFlight;
    },
    send(text) {
      if (state === "open") sendFrame(connection, { kind: "text", text }, text.length);
    },
    sendBinary(bytes) {
      if (state === "open") sendFrame(connection, { kind: "binary", bytes: bytes.slice() }, bytes.byteLength);
    },
    close(code = noStatus, reason = "") {
      checkClose(code, reason);
      startClosing(code, reason);
    },
    onMessage(listener) {
      onMessage = listener;
    },
    onBinary(listener) {
      onBinary = listener;
    },
    onClose(listener) {
      onClose = listener;
    },
  };
}

// Wider than the port promises, and as wide as `ws`: a server may also say 1001, 1008 or 1011.
function checkClose(code: number, reason: string): void {
  const known = code >= 1000 && code <= 1014 && code !== 1004 && code !== abnormal;
  if (!Number.isInteger(code) || !(known || (code >= 3000 && code <= 4999))) {
    throw new TypeError(`Cannot close a socket with code ${code}: use 1000 to 1014 or 3000 to 4999.`);
  }
  const length = Buffer.byteLength(reason);
  if (length > 123) {
    throw new RangeError(`Cannot close a socket with a reason of ${length} bytes: 123 are allowed.`);
  }
}

// Makes a socket of Node's carry its bytes over the simulated network. It stays a real `net.Socket`, as clients
// want it; what it would ask of the operating system is replaced on this one object.

const adopted = new WeakSet<object>();

/** Whether a socket carries its bytes over a simulated network. */
export function isAdopted(socket: object): boolean {
  return adopted.has(socket);
}

/**
 * @param given - Not connected yet. @param remote - Shown as its peer. @returns The wire, which connects at once.
 */
export function adoptSocket(
  given: net.Socket,
  remote: { readonly host: string; readonly port: number; readonly secure?: boolean },
  options: WireOptions,
): Wire {
  const socket = given as Writeable<net.Socket>;
  const { timeout = 0 } = socket;
  // A time-out that was set before is one of real time.
  if (timeout > 0) net.Socket.prototype.setTimeout.call(socket, 0);
  const wire = createWire(socket, options);
  adopted.add(socket);
  const self = (): net.Socket => socket;
  define(socket, {
    _read: () => wire.read(),
    _write: (chunk: Uint8Array | string, encoding: BufferEncoding, done: () => void) =>
      wire.write(typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk, done),
    // What was written in one go travels in one piece.
    _writev: (
      chunks: readonly { chunk: Uint8Array | string; encoding: BufferEncoding }[],
      done: () => void,
    ) => wire.write(Buffer.concat(chunks.map(bytesOf)), done),
    _final: (done: () => void) => wire.final(done),
    _destroy(error: Error | null, done: (error: Error | null) => void) {
      socket.connecting = false;
      wire.destroy(error);
      done(error);
      // Sockets say so themselves.
      process.nextTick(() => socket.emit("close", error !== null));
    },
    setTimeout(delayMs: number, onTimeout?: () => void) {
      socket.timeout = delayMs;
      wire.setTimeout(delayMs, onTimeout);
      return socket;
    },
    setNoDelay: self,
    setKeepAlive: self,
    ref: self,
    unref: self,
    address: () => ({ address: options.incarnation.host.name, family: "IPv4", port: 0 }),
    remoteAddress: remote.host,
    remotePort: remote.port,
    remoteFamily: "IPv4",
    localAddress: options.incarnation.host.name,
    pending: false,
  });
  if (remote.secure === true) define(socket, tlsProperties(socket, remote.host));
  socket.connecting = true;
  socket.prependOnceListener("connect", () => {
    socket.connecting = false;
  });
  if (timeout > 0) socket.setTimeout(timeout);
  return wire;
}

type Writeable<T> = { -readonly [Key in keyof T]: T[Key] };

function bytesOf({ chunk, encoding }: { chunk: Uint8Array | string; encoding: BufferEncoding }): Uint8Array {
  return typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk;
}

function define(socket: net.Socket, members: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(members)) {
    Object.defineProperty(socket, name, { value, configurable: true, writable: true });
  }
}

// What clients ask of a TLS socket. Nothing is encrypted, and every certificate is right.
function tlsProperties(socket: net.Socket, host: string): Readonly<Record<string, unknown>> {
  const certificate = { subject: { CN: host }, subjectaltname: `DNS:${host}`, issuer: { CN: "phoenix-sim" } };
  socket.once("connect", () => {
    socket.emit("secure");
    socket.emit("secureConnect");
  });
  return {
    encrypted: true,
    authorized: true,
    authorizationError: null,
    alpnProtocol: false,
    servername: host,
    secureConnecting: false,
    getPeerCertificate: () => certificate,
    getCipher: () => ({
      name: "TLS_AES_128_GCM_SHA256",
      standardName: "TLS_AES_128_GCM_SHA256",
      version: "TLSv1.3",
    }),
    getProtocol: () => "TLSv1.3",
    getSession: () => undefined,
    isSessionReused: () => false,
    setServername: () => {},
    setSession: () => {},
  };
}

// Waiting for a WebSocket in virtual time: an open socket alone does not make time move.

export interface MessageWait {
  /** Virtual time after which the wait fails with `SIM_WAIT_TIMEOUT`. @default "30s" */
  readonly within?: Duration;
  /** Which message is meant. @default the next one */
  readonly where?: (data: unknown) => boolean;
}

/** Lets time move until a message arrives that was not there before the call. @returns Its data. */
export async function waitForMessage(
  loop: Loop,
  socket: WebSocket,
  options: MessageWait = {},
): Promise<unknown> {
  checkOptions("waitForMessage", options, ["within", "where"]);
  const { within = "30s", where = () => true } = options;
  const arrived: unknown[] = [];
  const listener = (event: MessageEvent): unknown => arrived.push(event.data);
  socket.addEventListener("message", listener);
  let checked = 0;
  try {
    const found = await waitFor(loop, {
      label: withoutTokens(`a message on ${socket.url}`),
      within,
      check() {
        for (; checked < arrived.length; checked += 1) {
          if (where(arrived[checked])) return { data: arrived[checked] };
        }
        return undefined;
      },
      lastSeen: () =>
        `${arrived.length} messages, the last ${JSON.stringify(arrived.at(-1)) ?? "none"}; readyState ${socket.readyState}`,
    });
    return found.data;
  } finally {
    socket.removeEventListener("message", listener);
  }
}

/** Lets time move until the socket has reached `state`: `WebSocket.OPEN` or `WebSocket.CLOSED`. */
export async function waitForReadyState(
  loop: Loop,
  socket: WebSocket,
  state: number,
  within: Duration = "30s",
): Promise<void> {
  await waitFor(loop, {
    label: `${socket.url} to have readyState ${state}`,
    within,
    check: () => (socket.readyState === state ? true : undefined),
    lastSeen: () => `readyState ${socket.readyState}`,
  });
}
