/** What a command does when it is asked to end: it stops soon, tells what it has, and does not end as if all were done. */
import { exitCodes } from "./exit-codes.js";
import type { InterruptSignal, Terminal } from "./terminal.js";

export interface Interrupt {
  /** Aborted when the command is asked to end. */
  readonly signal: AbortSignal;
  /** What asked it to; undefined as long as nothing has. */
  readonly by: InterruptSignal | undefined;
  /** Gives what `work` gives, or undefined as soon as the command is asked to end; `work` then goes on unheard. */
  race<T>(work: Promise<T>): Promise<T | undefined>;
}

const codes = { SIGINT: exitCodes.interrupted, SIGTERM: exitCodes.terminated } as const;

/** @param onInterrupt - Called at once. */
export function createInterrupt(terminal: Pick<Terminal, "interrupted">, onInterrupt: () => void): Interrupt {
  const controller = new AbortController();
  let by: InterruptSignal | undefined;
  const asked = terminal.interrupted().then((name) => {
    by = name;
    controller.abort();
    onInterrupt();
    return undefined;
  });
  return {
    signal: controller.signal,
    get by() {
      return by;
    },
    race: async (work) => Promise.race([work, asked]),
  };
}

/** @returns The exit code of a command that was asked to end: 128 and the number of the signal. */
export function codeOfInterrupt(by: InterruptSignal): number {
  return codes[by];
}
