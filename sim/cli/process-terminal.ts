/** The terminal of this process. */
import type { Terminal } from "./terminal.js";

/** What of a stream is used. */
interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface ProcessParts {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Calls back at the next Ctrl-C, or when the process is asked to end. */
  onInterrupt(listener: () => void): void;
}

const clearLine = "\r\u001B[2K";

/** A line of progress is shown only where people look: on a terminal that is none of a CI. */
export function processTerminal({ stdout, stderr, env, onInterrupt }: ProcessParts): Terminal {
  let shown = false;

  function clear(): void {
    if (shown) stderr.write(clearLine);
    shown = false;
  }

  const live = stderr.isTTY === true && !env["CI"] && env["TERM"] !== "dumb";
  return {
    out(text) {
      clear();
      stdout.write(`${text}\n`);
    },
    err(text) {
      clear();
      stderr.write(`${text}\n`);
    },
    status: live
      ? (text) => {
          // A line that wraps could not be written over.
          stderr.write(text === "" ? clearLine : `${clearLine}${text.slice(0, (stderr.columns ?? 80) - 1)}`);
          shown = text !== "";
        }
      : undefined,
    interrupted: async () => new Promise((resolve) => onInterrupt(resolve)),
    color: stdout.isTTY === true && env["NO_COLOR"] === undefined,
  };
}
