/** Opens a port of a host: HTTP requests, WebSockets of the world, and byte streams of real clients. */
import type { Connection, Network } from "../network/index.js";
import { type PortService, type SocketFrame, type StreamOpening, sendFrame } from "./frames.js";
import { acceptWebSocket } from "./server-socket.js";

export interface ServePortOptions extends PortService {
  readonly network: Network;
  readonly port: number;
}

/** Serves until the life ends. Without `onSocket`, an upgrade is refused with 426. */
export function servePort({ network, port, ...service }: ServePortOptions): void {
  network.listen(service.life, port, {
    onRequest: service.handler,
    onConnection: (connection) => acceptConnection(connection, service),
  });
}

/** Serves one connection; its first message says what it carries. */
export function acceptConnection(connection: Connection, service: PortService): void {
  connection.onMessage((first: SocketFrame | StreamOpening) => {
    if (first.kind === "stream") first.serve(connection, service);
    else if (first.kind !== "upgrade") connection.abort();
    else if (service.onSocket === undefined) {
      sendFrame(connection, { kind: "refuse", status: 426 });
      connection.close();
    } else acceptWebSocket(service.life, connection, first, service.onSocket);
  });
}
