/** The client's end of a WebSocket connection: opening handshake, frames, closing handshake. No events yet. */
import type { Incarnation, Loop } from "../../kernel/index.js";
import type { Connection, Network } from "../../kernel/network/index.js";
import { type SocketFrame, abnormal, closeTimeoutMs, sendFrame } from "./stream-server.js";
import type { CheckedAddress } from "./web-socket-checks.js";

/** What every socket of one world shares. */
export interface ChannelWorld {
  readonly network: Network;
  readonly incarnation: Incarnation;
  readonly loop: Loop;
  readonly openTimeoutMs: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** Each is called in an event of its own, never from within a call of the user. */
export interface ChannelListener {
  opened(protocol: string): void;
  received(data: string | Uint8Array): void;
  /** The closing handshake has begun. */
  closing(): void;
  /** The end. @param failed - Whether an error comes before the close. */
  closed(code: number, reason: string, wasClean: boolean, failed: boolean): void;
}

export interface Channel {
  /** Bytes that the server has not read. */
  readonly bufferedAmount: number;
  send(data: string | Uint8Array, size: number): void;
  close(code: number, reason: string): void;
  setReading(reading: boolean): void;
}

/**
 * Holds the loop while the socket opens and while it closes, and while frames are on their way in either direction;
 * an open one by itself does not.
 */
export function openChannel(
  world: ChannelWorld,
  { url, protocols }: CheckedAddress,
  listener: ChannelListener,
): Channel {
  const { network, incarnation, loop } = world;
  let state: "connecting" | "open" | "closing" | "closed" = "connecting";
  let connection: Connection | undefined;
  let closeFrame: { readonly code: number; readonly reason: string } | undefined;
  let release: () => void = () => {};
  let delivering = false;
  let cancelTimeout: () => void = () => {};
  hold("open");

  function hold(what: string): void {
    release();
    release = loop.hold({
      describe: () => `WebSocket ${url} to ${what}`,
      fail: () => queueMicrotask(() => end(abnormal, "", false, true)),
    });
  }

  // While it is open.
  function settle(): void {
    if (state !== "open") return;
    if (connection?.underWay !== true) {
      release();
      delivering = false;
    } else if (!delivering) {
      hold("deliver");
      delivering = true;
    }
  }

  function limit(delayMs: number, label: string, run: () => void): void {
    cancelTimeout();
    cancelTimeout = incarnation.schedule(delayMs, "timer", label, run);
  }

  function end(code: number, reason: string, wasClean: boolean, failed: boolean): void {
    if (state === "closed") return;
    state = "closed";
    cancelTimeout();
    release();
    listener.closed(code, reason, wasClean, failed);
  }

  function fail(): void {
    connection?.abort();
    end(abnormal, "", false, true);
  }

  function startClosing(): void {
    state = "closing";
    hold("close");
    limit(closeTimeoutMs, "websocket/close-timeout", () => {
      connection?.abort();
      if (closeFrame === undefined) end(abnormal, "", false, false);
      else end(closeFrame.code, closeFrame.reason, true, false);
    });
  }

  function accepted(protocol: string): void {
    if (state !== "connecting") return;
    state = "open";
    cancelTimeout();
    settle();
    listener.opened(protocol);
  }

  function closeReceived(frame: { readonly code: number; readonly reason: string }, from: Connection): void {
    closeFrame = frame;
    if (state !== "open") return;
    const { code, reason } = frame;
    sendFrame(from, { kind: "close", code, reason });
    startClosing();
    listener.closing();
  }

  function onFrame(frame: SocketFrame, from: Connection): void {
    if (frame.kind === "accept") accepted(frame.protocol);
    else if (frame.kind === "close") closeReceived(frame, from);
    else if (frame.kind === "refuse") fail();
    else if (state === "open" && frame.kind === "text") listener.received(frame.text);
    else if (state === "open" && frame.kind === "binary") listener.received(frame.bytes);
  }

  function connected(opened: Connection): void {
    if (state !== "connecting") {
      opened.abort();
      return;
    }
    connection = opened;
    opened.onTraffic(settle);
    opened.onMessage((frame: SocketFrame) => onFrame(frame, opened));
    opened.onClose(() => {
      if (closeFrame === undefined) end(abnormal, "", false, true);
      else end(closeFrame.code, closeFrame.reason, true, false);
    });
    const headers = {
      ...world.headers,
      host: new URL(url).host,
      upgrade: "websocket",
      connection: "Upgrade",
    };
    const offered = protocols.length === 0 ? {} : { "sec-websocket-protocol": protocols.join(", ") };
    sendFrame(opened, { kind: "upgrade", request: { url, headers: { ...headers, ...offered } }, protocols });
  }

  limit(world.openTimeoutMs, "websocket/open-timeout", fail);
  const { hostname, port, protocol } = new URL(url);
  const portDefault = protocol === "wss:" ? 443 : 80;
  network
    .connect(
      incarnation,
      hostname,
      port === "" ? portDefault : Number(port),
      "websocket",
      world.openTimeoutMs,
    )
    .then(connected, fail);

  return {
    get bufferedAmount() {
      return connection?.inFlight ?? 0;
    },
    send(data, size) {
      if (state !== "open" || connection === undefined) return;
      sendFrame(
        connection,
        typeof data === "string" ? { kind: "text", text: data } : { kind: "binary", bytes: data },
        size,
      );
    },
    close(code, reason) {
      if (state === "open" && connection !== undefined) {
        sendFrame(connection, { kind: "close", code, reason });
        startClosing();
      } else if (state === "connecting") {
        state = "closing";
        hold("close");
        limit(0, "websocket/aborted", fail);
      }
    },
    setReading(reading) {
      connection?.setReading(reading);
    },
  };
}
