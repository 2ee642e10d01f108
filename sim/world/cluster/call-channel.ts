/**
 * Calls over one connection: numbered requests one way, replies the other way, and pushes that nobody asked
 * for. How SQL and Redis travel through the network without their wire formats.
 */
import type { Connection, NetworkError } from "../../kernel/network/index.js";

/** What travels over such a connection. */
export type Frame =
  | { readonly kind: "call"; readonly id: number; readonly label: string; readonly body: unknown }
  | { readonly kind: "reply"; readonly id: number; readonly body: unknown }
  | { readonly kind: "push"; readonly body: unknown };

export interface CallClient {
  /** Sends a call. @throws NetworkError when the connection is lost before the reply. */
  call(body: unknown, label: string, digest: number): Promise<unknown>;
  /** Closes the connection; calls under way are never answered. */
  close(): void;
  /** Sets what happens when the connection is lost, other than by `close`. */
  onLost(listener: (error: NetworkError | undefined) => void): void;
}

/** @param onPush - Called with what the server sends on its own. */
export function createCallClient(
  connection: Connection,
  lostError: (cause: NetworkError | undefined) => Error,
  onPush: (body: unknown) => void = () => {},
): CallClient {
  const pending = new Map<number, { resolve: (body: unknown) => void; reject: (error: Error) => void }>();
  let lastId = 0;
  let lost: Error | undefined;
  let onLost: (error: NetworkError | undefined) => void = () => {};

  connection.onMessage((frame: Frame) => {
    if (frame.kind === "push") onPush(frame.body);
    else if (frame.kind === "reply") {
      pending.get(frame.id)?.resolve(frame.body);
      pending.delete(frame.id);
    }
  });
  connection.onClose((cause) => {
    lost = lostError(cause);
    for (const { reject } of pending.values()) reject(lost);
    pending.clear();
    onLost(cause);
  });

  return {
    async call(body, label, digest) {
      if (lost !== undefined) throw lost;
      lastId += 1;
      const id = lastId;
      return new Promise((resolve, reject) => {
        pending.set(id, { resolve, reject });
        connection.send({ kind: "call", id, label, body } satisfies Frame, label, digest);
      });
    },
    close: () => connection.close(),
    onLost(listener) {
      onLost = listener;
    },
  };
}

export interface CallServer {
  /** Sends something the client did not ask for. */
  push(body: unknown, label: string): void;
  /** Takes a frame that arrived before the channel was made. */
  receive(frame: Frame): void;
}

/** Answers calls in the order in which `serve` finishes them. */
export function createCallServer(
  connection: Connection,
  serve: (body: never, label: string) => Promise<unknown>,
  digestOf: (reply: unknown) => number,
  onBug: (error: Error) => void,
): CallServer {
  function receive(frame: Frame): void {
    if (frame.kind !== "call") return;
    serve(frame.body as never, frame.label).then((body) => {
      connection.send(
        { kind: "reply", id: frame.id, body } satisfies Frame,
        `${frame.label}/reply`,
        digestOf(body),
      );
    }, onBug);
  }

  connection.onMessage(receive);
  return {
    receive,
    push: (body, label) => connection.send({ kind: "push", body } satisfies Frame, label, 0),
  };
}
