/** What services complained of, for a look at the cause of what was noticed elsewhere. */
import { type Recorder, formatLine } from "../trace/index.js";

const complaintsMax = 3;

const placesMax = 3;
const foreign = /node:|node_modules|\/sim\/|\(<anonymous>\)/;

/**
 * Of lines that say the same only the last: what fails at each tick would hide the rest.
 *
 * @param sinceMs - Virtual milliseconds; earlier lines are left out. @default all
 * @returns The last warnings and errors, the latest last, each as a line of the trace.
 */
export function complaintsOf({ lines }: Pick<Recorder, "lines">, sinceMs = 0): readonly string[] {
  const last = new Map<string, string>();
  for (const line of lines) {
    if ((line.level !== "warn" && line.level !== "error") || line.atMs < sinceMs) continue;
    const said = `${line.host} ${line.message}`;
    last.delete(said);
    last.set(said, shorten(formatLine(line).trim()));
  }
  return [...last.values()].slice(-complaintsMax);
}

// An error comes with its stack, of which the first places of services tell.
function shorten(text: string): string {
  const lines = text.split("\n");
  const isPlace = (line: string): boolean => /^\s+at /.test(line);
  const places = lines.filter((line) => isPlace(line) && !foreign.test(line)).slice(0, placesMax);
  return [...lines.filter((line) => !isPlace(line)), ...places].join("\n    ");
}
