/** `phoenix-sim rerun`: runs the command of a test runner with the seed or the token of a failure in its environment. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import path from "node:path";

import { SimError } from "../errors.js";
import type { Terminal } from "./terminal.js";

/** What a shell answers for a command that it does not find. */
const notFound = 127;

/**
 * @param failure - A seed, or a replay token.
 * @param words - The command, such as `vitest run test/order.test.ts`; a program of the project needs no `npx`.
 * @returns The exit code of the command.
 * @throws SimError `SIM_OPTION_INVALID` for what is neither a seed nor a token.
 */
export async function rerun(failure: string, words: readonly string[], terminal: Terminal): Promise<number> {
  const [name = "", ...args] = words[0] === "npx" ? words.slice(1) : words;
  const script = name === "node" ? undefined : scriptOf(name);
  const program = name === "node" || script !== undefined ? process.execPath : name;
  const all = script === undefined ? args : [script, ...args];
  return new Promise((resolve) => {
    const env = { ...process.env, ...variablesOf(failure) };
    const child = spawn(program, all, { stdio: "inherit", env });
    child.on("error", (error) => {
      terminal.err(`Cannot run ${name}: ${error.message}. Is it installed in this project?`);
      resolve(notFound);
    });
    child.on("close", (code, signal) =>
      resolve(code ?? (signal === null ? 1 : 128 + constants.signals[signal])),
    );
    // Ctrl-C reaches the child from the terminal; this process waits for it to end.
    void terminal.interrupted().then((signal) => signal === "SIGTERM" && child.kill(signal));
  });
}

function variablesOf(failure: string): Readonly<Record<string, string>> {
  if (/^\d+$/.test(failure)) return { PHOENIX_SIM_SEED: failure };
  if (failure.startsWith("px")) return { PHOENIX_SIM_TOKEN: failure };
  throw new SimError(
    "SIM_OPTION_INVALID",
    `Cannot use "${failure}" to run a test again: it is neither a seed nor a token.`,
    "Copy the whole command that the failing test printed: the seed or the token comes first.",
  );
}

/** @returns The script of a program that the project has installed, looked for as Node looks for packages. */
function scriptOf(name: string): string | undefined {
  if (!/^[\w.-]+$/.test(name)) return undefined;
  for (
    let folder = process.cwd(), above = "";
    folder !== above;
    above = folder, folder = path.dirname(folder)
  ) {
    const home = path.join(folder, "node_modules", name);
    const file = path.join(home, "package.json");
    if (!existsSync(file)) continue;
    const { bin } = JSON.parse(readFileSync(file, "utf8")) as { bin?: string | Record<string, string> };
    const script = typeof bin === "string" ? bin : bin?.[name];
    if (script !== undefined && /\.[cm]?js$/.test(script)) return path.join(home, script);
  }
  return undefined;
}
