#!/usr/bin/env node
/** Entry of the `phoenix-sim` command. */
// oxlint-disable-next-line import/no-unassigned-import -- must run before anything else is loaded
import "./watch-first.js";
import { main } from "./main.js";
import { processTerminal } from "./process-terminal.js";

const { stdout, stderr, env } = process;
process.exitCode = await main(
  process.argv.slice(2),
  processTerminal({ stdout, stderr, env, onInterrupt: (listener) => process.once("SIGINT", listener) }),
);
