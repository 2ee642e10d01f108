#!/usr/bin/env node
/** Entry of the `phoenix-sim` command. */
import { main } from "./main.js";
import { processTerminal } from "./process-terminal.js";
import { watchFirst } from "./watch-first.js";

const { argv, stdout, stderr, env } = process;
const args = argv.slice(2);

await watchFirst(args[0] ?? "");
process.exitCode = await main(
  args,
  processTerminal({
    stdout,
    stderr,
    env,
    onInterrupt: (listener) => process.once("SIGINT", listener).once("SIGTERM", listener),
  }),
);

// What a scenario left behind, such as a timer of its own, must not keep the command from ending.
await Promise.all([stdout, stderr].map(written));
process.exit();

async function written(stream: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve) => {
    stream.write("", () => resolve());
  });
}
