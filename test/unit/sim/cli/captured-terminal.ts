/** A terminal that keeps what a command writes. */
import { main } from "../../../../sim/cli/main.js";
import type { InterruptSignal } from "../../../../sim/cli/terminal.js";

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one command without colours, as if its output went to a file. Nobody presses Ctrl-C. */
export async function run(...args: readonly string[]): Promise<Outcome> {
  return runUntil(async () => new Promise(() => {}), ...args);
}

/** Runs one command on a terminal of this many columns. */
export async function runInColumns(width: number, ...args: readonly string[]): Promise<Outcome> {
  return runMain(async () => new Promise(() => {}), width, args);
}

/** Runs one command, and interrupts it, as Ctrl-C does, once `interrupted` resolves. It gets the lines written. */
export async function runUntil(
  interrupted: (out: readonly string[]) => Promise<void>,
  ...args: readonly string[]
): Promise<Outcome> {
  return runMain(interrupted, Infinity, args);
}

async function runMain(
  interrupted: (out: readonly string[]) => Promise<void>,
  width: number,
  args: readonly string[],
): Promise<Outcome> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await main(args, {
    out: (text) => out.push(...text.split("\n")),
    err: (text) => err.push(text),
    color: false,
    width,
    interrupted: async (): Promise<InterruptSignal> => interrupted(out).then(() => "SIGINT"),
  });
  return { code, out: out.join("\n"), err: err.join("\n") };
}
