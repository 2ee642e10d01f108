/**
 * Watches both directions of a connection that speaks RESP2, and knows whether the client still waits for a
 * reply, and whether time can bring it: a blocking command without a limit is answered when somebody else does
 * something, and not before.
 */
import { createRequestParser } from "./resp.js";

/** Whether a client waits; it gets every byte, in order. */
export interface AnswerWatch {
  sent(bytes: Uint8Array): void;
  received(bytes: Uint8Array): void;
  readonly waiting: boolean;
  /** Whether the next reply is that of a blocking command without a limit of time. */
  readonly endless: boolean;
}

const subscribing = /^[ps]?(?:un)?subscribe$/i;
// First word of a top-level list, where confirmations and messages have their kind.
const kindPattern = /\*\d+\r\n\$\d+\r\n([ps]?(?:message|(?:un)?subscribe))\r\n/y;

// Where a blocking command has its limit; 0 is none.
const limitFirst: ReadonlySet<string> = new Set(["blmpop", "bzmpop"]);
const limitLast: ReadonlySet<string> = new Set([
  "blpop",
  "brpop",
  "brpoplpush",
  "blmove",
  "bzpopmin",
  "bzpopmax",
  "wait",
  "waitaof",
]);
const limitNamed: ReadonlySet<string> = new Set(["xread", "xreadgroup"]);

function limitOf(name: string, args: readonly string[]): string | undefined {
  if (limitFirst.has(name)) return args[0];
  if (limitLast.has(name)) return args.at(-1);
  if (!limitNamed.has(name)) return undefined;
  const streams = args.findIndex((word) => word.toLowerCase() === "streams");
  const block = args.findIndex((word) => word.toLowerCase() === "block");
  return block >= 0 && block < streams ? args[block + 1] : undefined;
}

interface Owed {
  readonly subscription: boolean;
  readonly endless: boolean;
  replies: number;
}

/** @returns A watch for one connection, from its first byte on. */
export function createRedisWatch(): AnswerWatch {
  const owed: Owed[] = [];
  let queuing = false;
  const requests = createRequestParser(([word = "", ...args]) => {
    const name = word.toLowerCase();
    const subscription = subscribing.test(name);
    const limit = queuing ? undefined : limitOf(name, args);
    // In a transaction a blocking command is only queued, and then does not block.
    if (name === "multi") queuing = true;
    else if (name === "exec" || name === "discard") queuing = false;
    const replies = subscription ? Math.max(1, args.length) : 1;
    owed.push({ subscription, endless: limit !== undefined && Number(limit) === 0, replies });
  });
  let rest = "";

  function arrived(kind: string | undefined): void {
    const [first] = owed;
    if (first === undefined || kind?.endsWith("message") === true) return;
    // A client that unsubscribes from everything gets any number of confirmations.
    if (kind !== undefined && !first.subscription && subscribing.test(kind)) return;
    first.replies -= 1;
    // One error answers a whole SUBSCRIBE.
    if (first.replies === 0 || kind === undefined) owed.shift();
  }

  return {
    sent(bytes) {
      try {
        requests.push(latin1(bytes));
      } catch {
        // The server answers what is no protocol, and closes.
        owed.push({ subscription: false, endless: false, replies: 1 });
      }
    },
    received(bytes) {
      rest += latin1(bytes);
      let at = 0;
      for (let end = endOfReply(rest, 0); end >= 0; end = endOfReply(rest, at)) {
        kindPattern.lastIndex = at;
        arrived(kindPattern.exec(rest)?.[1]);
        at = end;
      }
      rest = rest.slice(at);
    },
    get waiting() {
      return owed.length > 0;
    },
    get endless() {
      return owed[0]?.endless === true;
    },
  };
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** @returns Where the reply that begins at `at` ends; -1 when it is not complete. */
function endOfReply(text: string, at: number): number {
  const lineEnd = text.indexOf("\r\n", at);
  if (lineEnd < 0) return -1;
  const [type, next] = [text[at], lineEnd + 2];
  if (type !== "$" && type !== "*") return next;
  const size = Number(text.slice(at + 1, lineEnd));
  if (!(size > 0)) return type === "$" && size === 0 ? within(text, next + 2) : next;
  if (type === "$") return within(text, next + size + 2);
  let end = next;
  for (let item = 0; item < size && end >= 0; item += 1) end = endOfReply(text, end);
  return end;
}

function within(text: string, end: number): number {
  return end <= text.length ? end : -1;
}
