/** The API gateway on a host: HTTP and WebSockets on one port. */
import { type GatewayOptions, type GatewayParts, createGateway } from "../../src/gateway/index.js";
import type { HttpHandler } from "../../src/ports/index.js";
import { servePort } from "../edge/index.js";
import type { Incarnation } from "../kernel/index.js";
import { type CapacityOptions, createCapacity, routeLabel } from "../network/index.js";
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
  readonly options?: GatewayOptions;
  readonly parts?: Partial<GatewayParts>;
}

export function gatewayInstance(
  world: World,
  life: Incarnation,
  { poolSize, capacity, ...given }: GatewaySettings,
): Instance {
  const { loop, network, recorder } = world;
  const sql = connectPool(network, life, poolSize);
  const workers = createCapacity(capacity);
  const gateway = createGateway({
    clock: createClockPort(life),
    random: createRandomPort(loop, life),
    sql,
    cache: connectCache(network, life),
    http: network.http(life),
    logger: createLoggerPort(loop, life, recorder),
    ...given,
  });
  const handler: HttpHandler = async (request) => {
    await workers.serve(life, request.method);
    const reply = await gateway.handle(request);
    recorder.answered(`${request.method} ${routeLabel(pathOf(request.url))}`, reply.status);
    return reply;
  };
  return {
    async start() {
      await gateway.start();
      servePort({ network, loop, life, port: gatewayPort, handler, onSocket: gateway.openSocket });
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
