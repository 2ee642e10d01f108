/** The network of a world: one fabric, who listens on it, and the two ways to use it. */
import type { HttpClient } from "../../src/ports/index.js";
import type { Host, Incarnation, Loop } from "../kernel/index.js";
import { type Connection, openConnection } from "./connection.js";
import { type Fabric, createFabric } from "./fabric.js";
import { createHttpClient } from "./http.js";
import type { LinkOptions } from "./link.js";
import { type Listener, type Listeners, createListeners } from "./listeners.js";
import type { Protocol } from "./message.js";
import { pickHost } from "./names.js";

export interface Network {
  readonly fabric: Fabric;
  readonly listeners: Listeners;
  /** Opens a port for the rest of a life. */
  listen(life: Incarnation, port: number, listener: Omit<Listener, "life">): void;
  /** Decides for every other port of the host, anew for each request, for the rest of a life. */
  listenElsewhere(life: Incarnation, at: (port: number) => Omit<Listener, "life"> | undefined): void;
  /** @returns The HTTP port for code of this life. */
  http(life: Incarnation): HttpClient;
  /** Opens a connection to a host or service name; errors as in connection.ts, `ENOTFOUND` for unknown names. */
  connect(
    from: Incarnation,
    name: string,
    port: number,
    protocol: Protocol,
    timeoutMs: number,
  ): Promise<Connection>;
  host(name: string): Host;
}

export function createNetwork(loop: Loop, defaultLink: LinkOptions = {}): Network {
  const fabric = createFabric(loop, defaultLink);
  const listeners = createListeners();
  return {
    fabric,
    listeners,
    listen: listeners.listen,
    listenElsewhere: listeners.listenElsewhere,
    http: (life) => createHttpClient(fabric, listeners, life),
    async connect(from, name, port, protocol, timeoutMs) {
      const to = pickHost(fabric, name, from.host.name);
      return openConnection(fabric, listeners, { from, to, port, protocol, timeoutMs });
    },
    host: fabric.host,
  };
}
