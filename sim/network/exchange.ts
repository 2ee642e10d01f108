/**
 * One request and its reply, each a message. The caller may lose the reply after the effect has happened:
 * then it gets `ECONNRESET` or `ETIMEDOUT`, and only the other side knows.
 */
import type { Host, Incarnation } from "../kernel/index.js";
import type { Fabric } from "./fabric.js";
import type { Listeners } from "./listeners.js";
import { NetworkError, type Protocol } from "./message.js";

export interface Exchange<Request, Reply> {
  readonly from: Incarnation;
  readonly to: Host;
  readonly port: number;
  readonly protocol: Protocol;
  /** Stable name without ids. */
  readonly label: string;
  readonly request: Request;
  /** Digest of the request, for the trace. */
  readonly digest: number;
  readonly digestOf: (reply: Reply) => number;
  /** Virtual milliseconds until the caller gives up; Infinity for never. */
  readonly timeoutMs: number;
  /** Aborts the exchange when it calls its argument. */
  readonly onAbort?: (abort: (error: Error) => void) => void;
}

/** @throws NetworkError as described in ports/http.ts; never settles once the calling life has ended. */
export async function exchange<Request, Reply>(
  fabric: Fabric,
  listeners: Listeners,
  call: Exchange<Request, Reply>,
): Promise<Reply> {
  const { from, to, port, protocol, label } = call;
  return new Promise<Reply>((resolve, reject) => {
    let open = true;
    const wanted = (): boolean => open;
    const cancelTimeout = Number.isFinite(call.timeoutMs)
      ? from.schedule(call.timeoutMs, "timer", `${label}/timeout`, () => {
          failWith(new NetworkError("ETIMEDOUT", `No reply from ${to.name}:${port} in ${call.timeoutMs} ms`));
        })
      : () => {};
    const forgetDeath = from.onDeath(close);
    call.onAbort?.(failWith);

    function close(): void {
      open = false;
      cancelTimeout();
      forgetDeath();
    }

    function failWith(error: Error): void {
      if (!open) return;
      close();
      reject(error);
    }

    function broken(code: "ECONNRESET" | "ETIMEDOUT"): void {
      failWith(new NetworkError(code, `The connection to ${to.name}:${port} broke`));
    }

    function sendBack(part: "reply" | "reset", digest: number, arrive: () => void): void {
      const message = {
        from: to.name,
        to: from.host.name,
        protocol,
        part,
        label: `${label}/${part}`,
        digest,
      };
      fabric.send(message, { arrive: () => from.alive && arrive(), broken, wanted });
    }

    function refuse(): void {
      sendBack("reset", 0, () =>
        failWith(new NetworkError("ECONNREFUSED", `Nobody listens at ${to.name}:${port}`)),
      );
    }

    function serve(): void {
      const listener = listeners.find(to, port);
      if (listener?.onRequest === undefined) {
        refuse();
        return;
      }
      const { life } = listener;
      const forget = life.onDeath(() =>
        sendBack("reset", 0, () => failWith(new NetworkError("ECONNRESET", `${to.name}:${port} went away`))),
      );
      const answer = (reply: Reply): void => {
        forget();
        if (!life.alive) return;
        sendBack("reply", call.digestOf(reply), () => {
          if (!open) return;
          close();
          resolve(reply);
        });
      };
      const handle = listener.onRequest as (request: Request, from: string) => Promise<Reply> | Reply;
      // A handler that throws has a bug of its own: the world fails with it, as a process would.
      Promise.resolve()
        .then(() => handle(call.request, from.host.name))
        .then(answer)
        .catch((error: unknown) => fabric.loop.fail(error as Error));
    }

    fabric.send(
      { from: from.host.name, to: to.name, protocol, part: "request", label, digest: call.digest },
      { arrive: serve, broken, wanted },
    );
  });
}
