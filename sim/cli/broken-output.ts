/**
 * What happens when output cannot be written. A reader that goes away, as in `phoenix-sim run | head -1`, ends the
 * command quietly, as SIGPIPE ends programs in C; a full disk is an error.
 */
import { exitCodes } from "./exit-codes.js";

/** What of a stream is used. */
interface Output {
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
export function endOnBrokenOutput(stdout: Output, stderr: Output, exit: (code: number) => void): void {
  stdout.on("error", (error) => {
    if (readerGone.has(error.code)) return exit(exitCodes.pipe);
    stderr.write(`Cannot write to stdout: ${error.message}.\n`);
    exit(exitCodes.usage);
  });
  // Of an error on stderr itself nobody could be told.
  stderr.on("error", ({ code }) => exit(readerGone.has(code) ? exitCodes.pipe : exitCodes.usage));
}
