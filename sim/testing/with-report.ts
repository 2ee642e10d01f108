/** Puts a report into an error, where every test runner shows it: at the end of the message, above the stack. */
import { inspect, types } from "node:util";

interface Texts {
  message: string;
  stack?: string | undefined;
}

/** Messages and stacks as they were, so that an error thrown in many runs carries the last report only. */
const originals = new WeakMap<object, Texts>();

/**
 * @param thrown - What a test threw. An error stays itself, with its name, stack, `actual`, `expected` and all else; of
 *   one that is frozen a copy is made; what is no error becomes the cause of one.
 * @returns What to throw instead.
 */
export function withReport(thrown: unknown, report: string): Error {
  // Jest runs tests in a realm of their own, with an Error of its own.
  if (!(thrown instanceof Error || types.isNativeError(thrown))) {
    return new Error(`The test threw ${inspect(thrown)}, which is not an Error.\n\n${report}`, {
      cause: thrown,
    });
  }
  const before = originals.get(thrown) ?? { message: thrown.message, stack: thrown.stack };
  const after = appended(before, report);
  if (set(thrown, after)) {
    originals.set(thrown, before);
    return thrown;
  }
  const copy = new Error(after.message);
  Object.setPrototypeOf(copy, Object.getPrototypeOf(thrown) as object);
  for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(thrown)))
    Object.defineProperty(copy, key, { ...descriptor, configurable: true });
  set(copy, after);
  return copy;
}

/** Adds a report to the texts of an error, which runners show one or the other of. */
export function appended({ message, stack }: Texts, report: string): Texts {
  const whole = message === "" ? report : `${message}\n\n${report}`;
  if (stack === undefined) return { message: whole };
  const at = stack.search(/^\s+at /m);
  const [head, frames] = at < 0 ? [stack, ""] : [stack.slice(0, at), stack.slice(at)];
  return { message: whole, stack: `${headOf(head, message)}\n\n${report}\n${frames}` };
}

// A stack that was taken from another error has the message of that one.
function headOf(head: string, message: string): string {
  const start = head.indexOf(message);
  if (message === "" || start >= 0) return (head.slice(0, Math.max(start, 0)) + message || head).trimEnd();
  const [name] = /^[\w$.]+(?=[: ])/.exec(head) ?? ["Error"];
  return `${name}: ${message}`;
}

function set(error: Error, texts: Texts): boolean {
  const hidden = { configurable: true, writable: true, enumerable: false };
  try {
    Object.defineProperty(error, "message", { ...hidden, value: texts.message });
    if (texts.stack !== undefined) Object.defineProperty(error, "stack", { ...hidden, value: texts.stack });
    return true;
  } catch {
    return false;
  }
}
