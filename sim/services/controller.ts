/** The experiment controller on a host. */
import { createController } from "../../src/controller/index.js";
import type { Incarnation } from "../kernel/index.js";
import { interfered } from "./interference.js";
import { type PlatformOptions, type ServicePorts, partsFor } from "./platform-options.js";
import { createClockPort, createLoggerPort, createRandomPort } from "./ports.js";
import { connectPool } from "./postgres.js";
import { connectCache } from "./redis.js";
import type { Instance } from "./service.js";
import type { World } from "./world.js";

export const controllerPort = 8081;

/** @param poolSize - Connections to PostgreSQL. */
export function controllerInstance(
  world: World,
  life: Incarnation,
  poolSize: number,
  given: PlatformOptions["controller"] = {},
): Instance {
  const { loop, network, recorder } = world;
  const sql = connectPool(world, life, poolSize);
  const standard: ServicePorts = {
    clock: createClockPort(life),
    random: createRandomPort(loop, life),
    sql,
    cache: connectCache(network, life),
    http: network.http(life),
    logger: createLoggerPort(loop, life, recorder),
  };
  const ports = given.ports?.(standard) ?? standard;
  const controller = createController({
    ...ports,
    ...(given.options === undefined ? {} : { options: given.options }),
    parts: partsFor(given.parts, ports),
  });
  const handler = given.handler?.(controller.handle) ?? controller.handle;
  return {
    async start() {
      network.listen(life, controllerPort, {
        onRequest: interfered(world.interference, life.name, handler),
      });
      await controller.start();
    },
    async stop() {
      await controller.stop();
      await sql.end();
    },
  };
}
