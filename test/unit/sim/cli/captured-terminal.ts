/** A terminal that keeps what a command writes. */
import { main } from "../../../../sim/cli/main.js";

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one command without colours. */
export async function run(...args: readonly string[]): Promise<Outcome> {
  return runUntil(async () => {}, ...args);
}

/** Runs one command, and interrupts it, as Ctrl-C does, once `interrupted` resolves. It gets the lines written. */
export async function runUntil(
  interrupted: (out: readonly string[]) => Promise<void>,
  ...args: readonly string[]
): Promise<Outcome> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await main(args, {
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    color: false,
    interrupted: async () => interrupted(out),
  });
  return { code, out: out.join("\n"), err: err.join("\n") };
}
