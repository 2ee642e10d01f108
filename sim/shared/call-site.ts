/** The call site of a use: the first frame of a stack that is neither Node's nor the simulator's own machinery. */
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

const framesMax = 40;
const frame = /^\s+at (?:async )?(?:.*\()?((?:file:\/\/|\/|[A-Za-z]:[\\/]|node:)[^()]*?):(\d+):\d+\)?$/;

/** Node's own use of what it also gives to others: loading modules, its fetch, a worker's way to the console. */
const inside = /^node:internal\/(?:(?:modules|deps|bootstrap)\/|worker\/io$)/;

/** Test runners call timers and clocks for themselves while a world runs. */
const runner = /[\\/]node_modules[\\/](?:vitest|@vitest|vite|tinypool|birpc)[\\/]/;
/** Part of the machinery, where it is not bundled. */
const fakeTimers = /[\\/]node_modules[\\/]@sinonjs[\\/]fake-timers[\\/]/;
const packages = /[\\/]node_modules[\\/](?!\.cache[\\/])/;

// Where this module lies: in sim of the sources, or in a bundle.
const here = fileURLToPath(import.meta.url);
const sources = /^(.*[\\/]sim[\\/])shared[\\/][^\\/]+$/.exec(here)?.[1];
const cache = /^(.*[\\/])node_modules[\\/]\.cache[\\/]/.exec(here)?.[1];
const bundle = here.replace(/(?:node_modules[\\/]phoenix-sim-parts[\\/])?[^\\/]+$/, "");
const machinery = sources ?? (cache === undefined ? bundle : `${cache}sim/`);
/** What a bundle was made of, as source maps name it: beside it in the project itself, nowhere where it is installed. */
const mapped = sources === undefined && cache === undefined ? bundle.replace(/[^\\/]+[\\/]$/, "") : undefined;

function isMachinery(file: string): boolean {
  if (file.startsWith(machinery)) return true;
  return mapped !== undefined && (file.startsWith(`${mapped}sim/`) || file.startsWith(`${mapped}src/`));
}

/**
 * @param above - Frames of this function and of what it called are left out.
 * @returns The stack of the caller, as text.
 */
export function stackAbove(above: (...args: never[]) => unknown): string {
  const holder: { stack?: string } = {};
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = framesMax;
  Error.captureStackTrace(holder, above);
  Error.stackTraceLimit = before;
  return holder.stack ?? "";
}

/**
 * @returns `file:line`, relative to the current folder; undefined for calls that Node or the test runner makes for
 *   itself.
 */
export function callSite(stack: string): string | undefined {
  const places = placesOf(stack);
  const outsideNode = places.filter(({ file }) => !file.startsWith("node:"));
  const [first] = outsideNode;
  if (first === undefined) return places.length === 0 ? "no frame of JavaScript" : undefined;
  if (runner.test(first.file) || inside.test(places[0]?.file ?? "")) return undefined;
  const best = outsideNode.find(isOfUser) ?? outsideNode.find(({ file }) => !isMachinery(file)) ?? first;
  return format(best);
}

/** @returns The same, only where it is neither the simulator's nor that of a package. */
export function callSiteOfUser(stack: string): string | undefined {
  const place = placesOf(stack).find(isOfUser);
  return place && format(place);
}

/**
 * @returns Whether a package called, or Node for itself, and not the user's own code: as an HTTP client or a driver does
 *   for its user.
 */
export function isCalledByOthers(stack: string): boolean {
  const caller = placesOf(stack).find(({ file }) => !isMachinery(file) && !fakeTimers.test(file));
  if (caller === undefined || runner.test(caller.file)) return false;
  return caller.file.startsWith("node:") || packages.test(caller.file);
}

interface Place {
  readonly file: string;
  readonly number: string;
}

function placesOf(stack: string): readonly Place[] {
  return stack.split("\n").flatMap((line) => {
    const [, file = "", number = ""] = frame.exec(line) ?? [];
    return file === "" ? [] : [{ file: pathOf(file), number }];
  });
}

function isOfUser({ file }: Place): boolean {
  return !file.startsWith("node:") && !packages.test(file) && !isMachinery(file);
}

function format({ file, number }: Place): string {
  return `${shorten(file)}:${number}`;
}

function pathOf(file: string): string {
  return file.startsWith("file://") ? fileURLToPath(file.replace(/[?#].*$/, "")) : file;
}

function shorten(file: string): string {
  const short = relative(process.cwd(), file).replaceAll("\\", "/");
  return short.startsWith("../../..") || short === "" ? file : short;
}
