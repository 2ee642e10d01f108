/** The config generator on a host. */
import { type Renderer, createGenerator } from "../../src/generator/index.js";
import type { Incarnation } from "../kernel/index.js";
import { interfered } from "./interference.js";
import type { PlatformOptions } from "./platform-options.js";
import { createClockPort, createLoggerPort } from "./ports.js";
import type { Instance } from "./service.js";
import type { World } from "./world.js";

export const generatorPort = 8082;

export function generatorInstance(
  world: World,
  life: Incarnation,
  renderer: Renderer,
  given: PlatformOptions["generator"] = {},
): Instance {
  const generator = createGenerator({
    clock: createClockPort(life),
    logger: createLoggerPort(world.loop, life, world.recorder),
    // Whoever sets how much is remembered gets a memory of its own.
    ...(given.options === undefined ? { renderer } : { options: given.options }),
  });
  const handler = given.handler?.(generator.handle) ?? generator.handle;
  return {
    start() {
      generator.start();
      world.network.listen(life, generatorPort, {
        onRequest: interfered(world.interference, life.name, handler),
      });
    },
    stop: () => generator.stop(),
  };
}
