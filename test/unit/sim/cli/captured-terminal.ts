/** A terminal that keeps what a command writes. */
import { main } from "../../../../sim/cli/main.js";

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one command without colours. */
export async function run(...args: readonly string[]): Promise<Outcome> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await main(args, {
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    color: false,
  });
  return { code, out: out.join("\n"), err: err.join("\n") };
}
