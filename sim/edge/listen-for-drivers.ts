/**
 * A real loopback port in front of a database of the world, for psql, redis-cli and drivers in any language. Who comes
 * in by it lives in real time: while it is connected, virtual time follows.
 */
import net from "node:net";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream";

import type { Loop } from "../kernel/index.js";
import type { DriverStream } from "./driver-stream.js";
import type { PortListener } from "./listen-on-port.js";

export interface ListenForDriversOptions {
  readonly loop: Loop;
  /** 0 for any that is free. */
  readonly port: number;
  /** What stands before the address in the URL, such as `redis://`. */
  readonly scheme: string;
  /** Opens a connection of the world for one that came in. */
  readonly open: () => DriverStream;
}

const address = "127.0.0.1";

/** @throws Error with a Node `code`, such as `EADDRINUSE`, when it cannot have the port. */
export async function listenForDrivers({
  loop,
  port,
  scheme,
  open,
}: ListenForDriversOptions): Promise<PortListener> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    const release = loop.followRealTime();
    socket.once("close", () => {
      sockets.delete(socket);
      release();
    });
    const stream = open();
    // What breaks one side breaks the other; both ends see it by themselves.
    pipeline(socket, stream, socket, () => {
      stream.destroy();
      socket.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, address, resolve);
  });
  const { port: actual } = server.address() as AddressInfo;
  return {
    port: actual,
    url: `${scheme}${address}:${actual}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
