#!/usr/bin/env node
/** Entry of the `phoenix-sim` command. */
import { Console } from "node:console";

import { endOnBrokenOutput } from "./broken-output.js";
import { main } from "./main.js";
import { processTerminal } from "./process-terminal.js";
import type { InterruptSignal } from "./terminal.js";
import { watchFirst } from "./watch-first.js";

const { argv, stdout, stderr, env } = process;
const args = argv.slice(2);

// What scenarios and modules of the user's own print is no data of the command.
globalThis.console = new Console(stderr, stderr);
endOnBrokenOutput(stdout, stderr, (code) => process.exit(code));

await watchFirst(args[0] ?? "");
process.exitCode = await main(
  args,
  processTerminal({
    stdout,
    stderr,
    env,
    onInterrupt,
  }),
);

// What a scenario left behind, such as a timer of its own, must not keep the command from ending.
await Promise.all([stdout, stderr].map(written));
process.exit();

// Without a listener, the next signal ends the process at once.
function onInterrupt(listener: (signal: InterruptSignal) => void): void {
  const hear = (signal: InterruptSignal): void => {
    process.off("SIGINT", hear).off("SIGTERM", hear);
    listener(signal);
  };
  process.on("SIGINT", hear).on("SIGTERM", hear);
}

async function written(stream: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve) => {
    stream.write("", () => resolve());
  });
}
