/** Who listens where. A listener belongs to one life of a host and goes with it. */
import type { Host, Incarnation } from "../kernel/index.js";
import type { Connection } from "./connection.js";

/** What a port does with a request: any protocol that asks once and is answered once. */
export type RequestListener<Request, Reply> = (request: Request, from: string) => Promise<Reply> | Reply;

/** What a port does with a new connection. Throwing refuses it. */
export type ConnectionListener = (connection: Connection) => void;

export interface Listener {
  readonly life: Incarnation;
  // The two ends agree on the payload; the network only carries it.
  readonly onRequest?: RequestListener<never, unknown>;
  readonly onConnection?: ConnectionListener;
}

export interface Listeners {
  /** Opens `port` on the host of `life` until that life ends. A second call for one port adds to the first. */
  listen(life: Incarnation, port: number, listener: Omit<Listener, "life">): void;
  /** Decides for every other port of the host of `life`, anew for each request, until that life ends. */
  listenElsewhere(life: Incarnation, at: (port: number) => Omit<Listener, "life"> | undefined): void;
  find(host: Host, port: number): Listener | undefined;
}

export function createListeners(): Listeners {
  const open = new Map<string, Listener>();
  const elsewhere = new Map<string, (port: number) => Listener | undefined>();
  return {
    listen(life, port, listener) {
      const key = `${life.host.name}:${port}`;
      const existing = open.get(key);
      open.set(key, { ...(existing?.life === life ? existing : {}), ...listener, life });
    },
    listenElsewhere(life, at) {
      elsewhere.set(life.host.name, (port) => {
        const listener = at(port);
        return listener === undefined ? undefined : { ...listener, life };
      });
    },
    find(host, port) {
      const listener = open.get(`${host.name}:${port}`);
      if (listener?.life.alive === true) return listener;
      const dynamic = elsewhere.get(host.name)?.(port);
      return dynamic?.life.alive === true ? dynamic : undefined;
    },
  };
}
