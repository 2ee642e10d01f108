/** The config generator on a host. */
import { createGenerator } from "../../src/generator/index.js";
import type { Incarnation } from "../kernel/index.js";
import type { PlatformOptions } from "./platform-options.js";
import { createClockPort, createLoggerPort } from "./ports.js";
import type { Instance } from "./service.js";
import type { World } from "./world.js";

export const generatorPort = 8082;

export function generatorInstance(
  world: World,
  life: Incarnation,
  given: PlatformOptions["generator"] = {},
): Instance {
  const generator = createGenerator({
    clock: createClockPort(life),
    logger: createLoggerPort(world.loop, life, world.recorder),
    ...given,
  });
  return {
    start() {
      generator.start();
      world.network.listen(life, generatorPort, { onRequest: generator.handle });
    },
    stop: () => generator.stop(),
  };
}
