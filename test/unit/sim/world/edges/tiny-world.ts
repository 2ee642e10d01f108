/** A world of two hosts: `client`, and `gateway-0` behind the service name `gateway`, which echoes. */
import type { HttpHandler, ServerSocket, SocketRequest } from "../../../../../src/ports/index.js";
import { createNetwork } from "../../../../../sim/kernel/network/index.js";
import type { LinkOptions } from "../../../../../sim/kernel/network/index.js";
import {
  createClientStreams,
  createWorldFetch,
  createWorldSockets,
  installGlobals,
  servePort,
} from "../../../../../sim/world/edges/index.js";
import {
  type Driver,
  createChoiceLog,
  createLoop,
  createVirtualClock,
  defaultDriver,
  resolveLimits,
} from "../../../../../sim/kernel/index.js";

export interface TinyWorldOptions {
  readonly driver?: Driver;
  readonly link?: LinkOptions;
  readonly handler?: HttpHandler;
  /** False for a gateway that speaks HTTP only. @default one that echoes */
  readonly onSocket?: ((socket: ServerSocket, request: SocketRequest) => void) | false;
}

const echo: HttpHandler = (request) => ({
  status: 200,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(request),
});

function echoSocket(socket: ServerSocket): void {
  socket.onMessage((text) => socket.send(`echo ${text}`));
}

export function createTinyWorld({
  driver = defaultDriver(),
  link = { delayMsMin: 5, delayMsMax: 5 },
  handler = echo,
  onSocket = echoSocket,
}: TinyWorldOptions = {}) {
  const clock = createVirtualClock();
  const loop = createLoop({ clock, choices: createChoiceLog(driver), limits: resolveLimits() });
  const network = createNetwork(loop, link);
  const incarnation = network.fabric.addHost("client").boot();
  const gateway = network.fabric.addHost("gateway-0");
  network.fabric.addService("gateway", ["gateway-0"]);
  const start = (): void =>
    servePort({
      network,
      loop,
      incarnation: gateway.boot(),
      port: 8080,
      handler,
      onSocket: onSocket || undefined,
    });
  start();
  const streams = createClientStreams({ network, incarnation, loop });
  return { clock, loop, network, incarnation, gateway, start, streams };
}

/** Gives a tiny world the globals of the process. */
export async function giveGlobals(world: ReturnType<typeof createTinyWorld>, name = "a test") {
  const { loop, network, streams } = world;
  const sockets = createWorldSockets(world);
  return installGlobals({
    loop,
    fabric: network.fabric,
    fetch: createWorldFetch(world),
    sockets,
    streams,
    name,
  });
}
