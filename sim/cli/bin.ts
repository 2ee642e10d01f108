#!/usr/bin/env node
/** Entry of the `phoenix-sim` command. */
import { Console } from "node:console";

import { main } from "./main.js";
import { endOnBrokenOutput, processTerminal, type InterruptSignal } from "./terminal.js";

/**
 * Lays the leak watch over an exploration before anything of the user's is loaded, so that what a module keeps for
 * itself, such as `const now = Date.now`, is watched, too. The simulator is loaded first: its own uses go past the
 * watch.
 */
export async function watchBeforeLoading(command: string): Promise<void> {
  // Findings name lines of the sources rather than of bundles. Other commands show none, and need not wait for the maps.
  if (["explore", "replay", "shrink"].includes(command)) process.setSourceMapsEnabled(true);
  if (command !== "explore") return;
  await import("./explore.js");
  const { installLeakWatch } = await import("../explore/determinism/index.js");
  installLeakWatch();
}

const { argv, stdout, stderr, env } = process;
const args = argv.slice(2);

// What scenarios and modules of the user's own print is no data of the command.
globalThis.console = new Console(stderr, stderr);
endOnBrokenOutput(stdout, stderr, (code) => process.exit(code));

await watchBeforeLoading(args[0] ?? "");
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
