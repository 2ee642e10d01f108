/** The server's end of a WebSocket over a connection of the network. */
import type { ServerSocket, SocketRequest } from "../../src/ports/index.js";
import type { Incarnation } from "../kernel/index.js";
import type { Connection } from "../network/index.js";
import { type SocketFrame, abnormal, closeTimeoutMs, noStatus, sendFrame } from "./frames.js";

/** The port of src/ports/socket.ts, and binary frames, which no service of the platform uses. */
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
 * @param life - The life of the server, for its time-outs.
 */
export function acceptWebSocket(
  life: Incarnation,
  connection: Connection,
  { request, protocols }: UpgradeFrame,
  onSocket: (socket: WorldServerSocket, request: SocketRequest) => void,
): void {
  sendFrame(connection, { kind: "accept", protocol: protocols[0] ?? "" });
  onSocket(createServerSocket(life, connection), request);
}

function createServerSocket(life: Incarnation, connection: Connection): WorldServerSocket {
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
    cancelTimeout = life.schedule(closeTimeoutMs, "timer", "websocket/close-timeout", () => {
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
