/**
 * Connections: two ends, messages in order both ways. SQL and Redis sessions, WebSockets and byte streams.
 *
 * When one side's process dies the other is told by a reset; when the way is cut nobody is told, and the
 * connection stays half open until somebody gives up.
 */
import type { Host, Incarnation } from "../kernel/index.js";
import { type Fabric, createLane } from "./fabric.js";
import type { Listeners } from "./listeners.js";
import { NetworkError, type Protocol } from "./message.js";

/** One end of a connection. */
export interface Connection {
  /** Name of the host at the other end. */
  readonly remote: string;
  readonly open: boolean;
  /** Sizes of everything sent that the peer has not read yet, added up. */
  readonly inFlight: number;
  /**
   * Sends a payload. On a closed connection it is dropped, as the operating system would.
   *
   * @param label - Stable name without ids. @param digest - For the trace. @param size - Counted by `inFlight`.
   */
  send(payload: unknown, label: string, digest: number, size?: number): void;
  /** Closes after what was sent has arrived; `onClose` of the peer gets no error. */
  close(): void;
  /** Breaks it at once; `onClose` of the peer gets `ECONNRESET`. */
  abort(): void;
  /** Stops or resumes reading: a paused end leaves what arrives in flight. */
  setReading(reading: boolean): void;
  /** Sets what happens with each payload that arrives. */
  onMessage(listener: (payload: never) => void): void;
  /** Whether anything is on its way between the two ends, in either direction. */
  readonly underWay: boolean;
  /** Sets what is called when something sets out or has arrived. */
  onTraffic(listener: () => void): void;
  /** Called once when the connection is over and this end did not end it. */
  onClose(listener: (error: NetworkError | undefined) => void): void;
}

interface End extends Connection {
  arrived(payload: unknown, size: number): void;
  ended(error: NetworkError | undefined): void;
  taken(size: number): void;
}

/**
 * Opens a connection.
 *
 * @throws NetworkError `ECONNREFUSED` when nobody listens, `ETIMEDOUT` when nothing answers within `timeoutMs`.
 */
export async function openConnection(
  fabric: Fabric,
  listeners: Listeners,
  options: {
    readonly from: Incarnation;
    readonly to: Host;
    readonly port: number;
    readonly protocol: Protocol;
    readonly timeoutMs: number;
  },
): Promise<Connection> {
  const { from, to, port, protocol, timeoutMs } = options;
  const label = `${protocol}/connect`;
  return new Promise<Connection>((resolve, reject) => {
    let settled = false;
    const cancelTimeout = from.schedule(timeoutMs, "timer", `${label}/timeout`, () => {
      failWith(new NetworkError("ETIMEDOUT", `No connection to ${to.name}:${port} in ${timeoutMs} ms`));
    });

    function failWith(error: NetworkError): void {
      if (settled) return;
      settled = true;
      cancelTimeout();
      reject(error);
    }

    const delivery = {
      broken: (code: "ECONNRESET" | "ETIMEDOUT") =>
        failWith(new NetworkError(code, `No connection to ${to.name}:${port}`)),
      wanted: () => !settled && from.alive,
    };

    function answer(part: "reply" | "reset", arrive: () => void): void {
      fabric.send(
        { from: to.name, to: from.host.name, protocol, part, label: `${label}/${part}`, digest: 0 },
        { ...delivery, arrive: () => from.alive && arrive() },
      );
    }

    function accept(): void {
      // The caller died while its request was on its way: there is nobody to be connected with.
      if (!from.alive) return;
      const listener = listeners.find(to, port);
      if (listener?.onConnection === undefined) {
        answer("reset", () =>
          failWith(new NetworkError("ECONNREFUSED", `Nobody listens at ${to.name}:${port}`)),
        );
        return;
      }
      const [near, far] = createPair(fabric, protocol, from, listener.life);
      listener.onConnection(far);
      answer("reply", () => {
        if (settled) {
          near.abort();
          return;
        }
        settled = true;
        cancelTimeout();
        resolve(near);
      });
    }

    fabric.send(
      { from: from.host.name, to: to.name, protocol, part: "connect", label, digest: 0 },
      { ...delivery, arrive: accept },
    );
  });
}

function createPair(
  fabric: Fabric,
  protocol: Protocol,
  client: Incarnation,
  server: Incarnation,
): readonly [Connection, Connection] {
  const traffic: Traffic = { underWay: 0, changed: undefined };
  const near: End = createEnd(fabric, protocol, client, server, traffic, () => far);
  const far: End = createEnd(fabric, protocol, server, client, traffic, () => near);
  return [near, far];
}

/** What both ends know of what is between them. */
interface Traffic {
  underWay: number;
  changed: (() => void) | undefined;
}

function createEnd(
  fabric: Fabric,
  protocol: Protocol,
  life: Incarnation,
  peerLife: Incarnation,
  traffic: Traffic,
  peer: () => End,
): End {
  const lane = createLane();
  let open = true;
  let inFlight = 0;
  let reading = true;
  let unread: [payload: unknown, size: number][] = [];
  let onMessage: (payload: never) => void = () => {};
  let onClose: (error: NetworkError | undefined) => void = () => {};
  const forgetDeath = life.onDeath(abort);

  function transmit(part: "frame" | "reset", label: string, digest: number, arrive: () => void): void {
    const message = { from: life.host.name, to: peerLife.host.name, protocol, part, label, digest };
    traffic.underWay += 1;
    traffic.changed?.();
    fabric.send(message, {
      arrive() {
        traffic.underWay -= 1;
        arrive();
        traffic.changed?.();
      },
      lane,
      wanted: () => peer().open,
      broken: (code) => {
        traffic.underWay -= 1;
        const error = new NetworkError(code, `The connection to ${peerLife.host.name} broke`);
        end.ended(error);
        peer().ended(error);
      },
    });
  }

  // Most ends come when a world is disposed and nobody is told any more: errors are made where they arrive.
  function finish(part: "close" | "reset", errorOf: () => NetworkError | undefined): void {
    if (!open) return;
    open = false;
    forgetDeath();
    transmit(part === "close" ? "frame" : "reset", `${protocol}/${part}`, 0, () => peer().ended(errorOf()));
  }

  function abort(): void {
    finish("reset", () => new NetworkError("ECONNRESET", `The connection to ${life.host.name} was reset`));
  }

  const end: End = {
    remote: peerLife.host.name,
    get open() {
      return open;
    },
    get inFlight() {
      return inFlight;
    },
    get underWay() {
      return traffic.underWay > 0;
    },
    onTraffic(listener) {
      traffic.changed = listener;
    },
    send(payload, label, digest, size = 1) {
      if (!open) return;
      inFlight += size;
      transmit("frame", label, digest, () => peer().arrived(payload, size));
    },
    close: () => finish("close", () => undefined),
    abort,
    setReading(next) {
      reading = next;
      const waiting = unread;
      unread = [];
      for (const [payload, size] of waiting) end.arrived(payload, size);
    },
    onMessage(listener) {
      onMessage = listener;
    },
    onClose(listener) {
      onClose = listener;
    },
    arrived(payload, size) {
      if (!open) return;
      if (!reading) {
        unread.push([payload, size]);
        return;
      }
      peer().taken(size);
      onMessage(payload as never);
    },
    ended(error) {
      if (!open) return;
      open = false;
      forgetDeath();
      if (life.alive) onClose(error);
    },
    taken(size) {
      inFlight -= size;
    },
  };
  return end;
}
