/** The config generator on a host. */
import { createGenerator } from "../../src/generator/index.js";
import type { Incarnation } from "../kernel/index.js";
import { createClockPort, createLoggerPort } from "./ports.js";
import type { Instance } from "./service.js";
import type { World } from "./world.js";

export const generatorPort = 8082;

export function generatorInstance(world: World, life: Incarnation): Instance {
  const generator = createGenerator({
    clock: createClockPort(life),
    logger: createLoggerPort(world.loop, life, world.recorder),
  });
  return {
    start() {
      generator.start();
      world.network.listen(life, generatorPort, { onRequest: generator.handle });
    },
    stop: () => generator.stop(),
  };
}
