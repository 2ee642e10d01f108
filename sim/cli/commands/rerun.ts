/** The arguments of `phoenix-sim rerun`. */
import type { Command } from "commander";

import type { Terminal } from "../terminal.js";

type Exit = (code: number) => void;

/** Adds the command to `program`. */
export function addRerunCommand(program: Command, terminal: Terminal, exit: Exit): void {
  program
    .command("rerun")
    .description("run a test again with the seed or the token of its failure, in any shell")
    .argument("<failure>", "seed or token that the failing test printed")
    .argument(
      "<command...>",
      'command of the test runner, such as: vitest run test/order.test.ts -t "^the order$"',
    )
    // All that follows belongs to that command.
    .allowUnknownOption()
    .action(async (failure: string, words: readonly string[]) => {
      const { rerun } = await import("../rerun.js");
      exit(await rerun(failure, words, terminal));
    });
}
