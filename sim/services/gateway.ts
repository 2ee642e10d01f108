/** The API gateway on a host: HTTP and WebSockets on one port. */
import {
  type GatewayParts,
  bodyBytesMaxOf,
  createGateway,
  resolveGatewayOptions,
} from "../../src/gateway/index.js";
import type { HttpHandler } from "../../src/ports/index.js";
import { servePort } from "../edge/index.js";
import type { Incarnation } from "../kernel/index.js";
import { type CapacityOptions, createCapacity, routeLabel } from "../network/index.js";
import { interfered } from "./interference.js";
import { type PlatformOptions, type ServicePorts, partsFor } from "./platform-options.js";
import { createClockPort, createLoggerPort, createRandomPort } from "./ports.js";
import { connectPool } from "./postgres.js";
import { connectCache } from "./redis.js";
import type { Instance } from "./service.js";
import type { World } from "./world.js";

export const gatewayPort = 8080;

export interface GatewaySettings {
  /** Connections to PostgreSQL. */
  readonly poolSize: number;
  readonly capacity: CapacityOptions;
  readonly checkPassword: GatewayParts["checkPassword"];
  readonly given: PlatformOptions["gateway"];
}

/** @returns Bytes of a body beyond which a gateway refuses it. */
export function gatewayBodyBytesMax(given: PlatformOptions["gateway"] = {}): number {
  return bodyBytesMaxOf(resolveGatewayOptions(given.options));
}

export function gatewayInstance(
  world: World,
  life: Incarnation,
  { poolSize, capacity, checkPassword, given = {} }: GatewaySettings,
): Instance {
  const { loop, network, recorder, taps } = world;
  const sql = connectPool(world, life, poolSize);
  const workers = createCapacity(capacity);
  const standard: ServicePorts = {
    clock: createClockPort(life),
    random: createRandomPort(loop, life),
    sql,
    cache: connectCache(network, life),
    http: network.http(life),
    logger: createLoggerPort(loop, life, recorder),
  };
  const ports = given.ports?.(standard) ?? standard;
  const wrapSocket = given.socket ?? ((socket) => socket);
  const gateway = createGateway({
    ...ports,
    ...(given.options === undefined ? {} : { options: given.options }),
    wrapSocket: (socket, request) => wrapSocket(taps.socket(life, socket, request)),
    parts: { checkPassword, ...partsFor(given.parts, ports) },
  });
  const answer = given.handler?.(gateway.handle) ?? gateway.handle;
  const handler: HttpHandler = async (request) => {
    const askedAtMs = loop.clock.nowMs;
    taps.asked(request);
    await workers.serve(life, request.method);
    const reply = await answer(request);
    recorder.answered(`${request.method} ${routeLabel(pathOf(request.url))}`, reply.status);
    if (life.alive) taps.answered({ host: life.name, request, reply, askedAtMs, hostNowMs: life.host.now() });
    return reply;
  };
  return {
    async start() {
      await gateway.start();
      servePort({
        network,
        loop,
        life,
        port: gatewayPort,
        bodyBytesMax: gatewayBodyBytesMax(given),
        handler: interfered(world.interference, life.name, handler),
        onSocket: gateway.openSocket,
      });
    },
    async stop() {
      await gateway.stop();
      await sql.end();
    },
  };
}

function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  return start < 0 ? "/" : url.slice(start);
}
