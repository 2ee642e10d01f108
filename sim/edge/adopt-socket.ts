/**
 * Makes a socket of Node's carry its bytes over the simulated network. It stays a real `net.Socket`, as clients
 * want it; what it would ask of the operating system is replaced on this one object.
 */
import net from "node:net";

import { type Wire, type WireOptions, createWire } from "./wire.js";

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
    address: () => ({ address: options.life.host.name, family: "IPv4", port: 0 }),
    remoteAddress: remote.host,
    remotePort: remote.port,
    remoteFamily: "IPv4",
    localAddress: options.life.host.name,
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
