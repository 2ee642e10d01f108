#!/usr/bin/env node
/** Entry of the `phoenix-sim` command. */
// oxlint-disable-next-line import/no-unassigned-import -- must run before anything else is loaded
import "./watch-first.js";
import { processTerminal } from "./process-terminal.js";

const { stdout, stderr, env } = process;

// Only what is loaded from here on tells lines of its sources.
const { main } = await import("./main.js");
process.exitCode = await main(
  process.argv.slice(2),
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
