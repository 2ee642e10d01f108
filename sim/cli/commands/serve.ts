/** The options of `phoenix-sim serve`. */
import type { Command } from "commander";

import { parseCount, parsePort, parseSeed, parseSpeed } from "../numbers.js";
import type { ServeFlags } from "../serve.js";
import type { Terminal } from "../terminal.js";

/** Adds the command to `program`. */
export function addServeCommand(program: Command, terminal: Terminal): void {
  program
    .command("serve")
    .description("put a world on real loopback ports until Ctrl-C; virtual time follows real time")
    .option("-p, --port <number>", "port of the gateway; 0 takes any that is free", parsePort, 8080)
    .option("--prometheus-port <number>", "port of Prometheus; 0 takes any that is free", parsePort, 9090)
    .option("-s, --seed <number>", "seed of the world", parseSeed, 1)
    .option("--speed <factor>", "virtual seconds that pass in one real second", parseSpeed, 1)
    .option("--nodes <count>", "how many nodes the world has", parseCount, 3)
    .option("--json", "print the addresses as one JSON document")
    .action(async (flags: ServeFlags) => {
      const { serve } = await import("../serve.js");
      await serve(flags, terminal);
    });
}
