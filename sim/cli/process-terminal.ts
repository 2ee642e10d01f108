/** The terminal of this process. */
import stringWidth from "string-width";

import type { InterruptSignal, Terminal } from "./terminal.js";

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
  /** Calls back once, at the next Ctrl-C or when the process is asked to end. */
  onInterrupt(listener: (signal: InterruptSignal) => void): void;
}

const clearLine = "\r\u001B[2K";

/** Narrower than this nothing can be shown in rows. */
const widthMin = 80;

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
          stderr.write(
            text === "" ? clearLine : `${clearLine}${cut(text, (stderr.columns ?? widthMin) - 1)}`,
          );
          shown = text !== "";
        }
      : undefined,
    interrupted: async () => new Promise((resolve) => onInterrupt(resolve)),
    color: stdout.isTTY === true && env["NO_COLOR"] === undefined,
    width: widthOf(stdout, env),
  };
}

// COLUMNS also says how wide a page is where the output goes to another program, such as a pager.
function widthOf({ isTTY, columns }: Output, env: ProcessParts["env"]): number {
  const told = /^\d+$/.test(env["COLUMNS"] ?? "") ? Number(env["COLUMNS"]) : 0;
  const width = isTTY === true && columns !== undefined && columns > 0 ? columns : told;
  return width > 0 ? Math.max(widthMin, width) : Infinity;
}

function cut(text: string, width: number): string {
  let [shown, used] = ["", 0];
  for (const letter of text) {
    used += stringWidth(letter);
    if (used > width) break;
    shown += letter;
  }
  return shown;
}
