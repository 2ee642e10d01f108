/** How a command meets its process: the terminal, exit codes, output that breaks, and signals that ask it to end. */
import stringWidth from "string-width";

/** Where a command writes: data to stdout, everything else to stderr. */
export interface Terminal {
  /** Writes data, and a line end. */
  out(text: string): void;
  /** Writes progress, warnings and errors, and a line end. */
  err(text: string): void;
  /** Shows a line that the next one replaces; empty takes it away. Undefined where nobody could see it. */
  readonly status?: ((text: string) => void) | undefined;
  /** Whether stdout shows colours. */
  readonly color: boolean;
  /** Columns that stdout shows, 80 at the least; `Infinity` where it is no terminal, and lines may be of any length. */
  readonly width: number;
  /** Resolves at the first Ctrl-C, or when the process is asked to end. A second one ends the process at once. */
  interrupted(): Promise<InterruptSignal>;
}

/** What asks a command to end. */
export type InterruptSignal = "SIGINT" | "SIGTERM";

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
  const fromEnvironment = /^\d+$/.test(env["COLUMNS"] ?? "") ? Number(env["COLUMNS"]) : 0;
  const width = isTTY === true && columns !== undefined && columns > 0 ? columns : fromEnvironment;
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

/** Exit codes of the command line. Public: add, never change. */
export const exitCodes = {
  /** Everything asked for was done and passed. */
  ok: 0,
  /** A scenario failed, or an exploration found something. */
  finding: 1,
  /** The command line or a configuration is wrong. */
  usage: 2,
  /** Two runs of one seed differ. */
  notDeterministic: 3,
  /** A bug of the simulator itself. */
  internal: 4,
  /** A threshold on the run history was exceeded. */
  gate: 5,
  /** A replay did not reach its failure. */
  replayMissed: 6,
  /** Ended by Ctrl-C: 128 and the number of SIGINT. */
  interrupted: 130,
  /** Nobody reads the output any more: 128 and the number of SIGPIPE. */
  pipe: 141,
  /** Asked to end: 128 and the number of SIGTERM. */
  terminated: 143,
} as const;

// What happens when output cannot be written. A reader that goes away, as in `phoenix-sim run | head -1`, ends the
// command quietly, as SIGPIPE ends programs in C; a full disk is an error.

/** What of a stream is used. */
interface ErrorSource {
  on(event: "error", listener: (error: NodeJS.ErrnoException) => void): unknown;
  write(text: string): unknown;
}

/** Nobody reads any more: as Linux and macOS say it, and as Windows does. */
const readerGone: ReadonlySet<string | undefined> = new Set([
  "EPIPE",
  "EOF",
  "ECONNRESET",
  "ERR_STREAM_DESTROYED",
]);

/** @param exit - Ends the process at once. */
export function endOnBrokenOutput(
  stdout: ErrorSource,
  stderr: ErrorSource,
  exit: (code: number) => void,
): void {
  stdout.on("error", (error) => {
    if (readerGone.has(error.code)) return exit(exitCodes.pipe);
    stderr.write(`Cannot write to stdout: ${error.message}.\n`);
    exit(exitCodes.usage);
  });
  // An error on stderr itself could be reported nowhere.
  stderr.on("error", ({ code }) => exit(readerGone.has(code) ? exitCodes.pipe : exitCodes.usage));
}

// What a command does when it is asked to end: it stops soon, tells what it has, and does not end as if all were done.

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
