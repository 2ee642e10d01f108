#!/usr/bin/env node
/** Entry of the `phoenix-sim` command. */
import { main } from "./main.js";

process.exitCode = await main(process.argv.slice(2), {
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
  interrupted: async () =>
    new Promise((resolve) => {
      process.once("SIGINT", () => resolve());
    }),
  color: process.stdout.isTTY && process.env["NO_COLOR"] === undefined,
});
