/**
 * Watches both directions of a connection that speaks RESP2, and knows whether the client still waits for a
 * reply. A blocking command waits until its reply comes, too.
 */
import { createRequestParser } from "./resp.js";

/** Whether a client waits; told of every byte, in order. */
export interface AnswerWatch {
  sent(bytes: Uint8Array): void;
  received(bytes: Uint8Array): void;
  readonly waiting: boolean;
}

const subscribing = /^[ps]?(?:un)?subscribe$/i;
// First word of a top-level list, where confirmations and messages have their kind.
const kindPattern = /\*\d+\r\n\$\d+\r\n([ps]?(?:message|(?:un)?subscribe))\r\n/y;

interface Owed {
  readonly subscription: boolean;
  replies: number;
}

/** @returns A watch for one connection, from its first byte on. */
export function createRedisWatch(): AnswerWatch {
  const owed: Owed[] = [];
  const requests = createRequestParser(([name = "", ...args]) => {
    const subscription = subscribing.test(name);
    owed.push({ subscription, replies: subscription ? Math.max(1, args.length) : 1 });
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
        owed.push({ subscription: false, replies: 1 });
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
