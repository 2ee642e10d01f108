/** Cuts the bytes of a client into messages, and reads their parts. */
import { DatabaseError } from "../database-error.js";

export interface ClientMessage {
  /** Letter of the message; empty for the first one, which has none. */
  readonly type: string;
  readonly body: MessageReader;
}

export interface MessageReader {
  byte(): number;
  int16(): number;
  int32(): number;
  string(): string;
  bytes(length: number): Uint8Array;
  readonly isAtEnd: boolean;
}

const decoder = new TextDecoder();

/** @throws DatabaseError 08P01 past the end. */
function createReader(body: Uint8Array): MessageReader {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  let at = 0;
  const take = (count: number): number => {
    const start = at;
    if (start + count > body.length) throw new DatabaseError("08P01", "insufficient data left in message");
    at += count;
    return start;
  };
  return {
    byte: () => view.getUint8(take(1)),
    int16: () => view.getInt16(take(2)),
    int32: () => view.getInt32(take(4)),
    string() {
      const end = body.indexOf(0, at);
      if (end < 0) throw new DatabaseError("08P01", "invalid string in message");
      const text = decoder.decode(body.subarray(at, end));
      at = end + 1;
      return text;
    },
    bytes(length) {
      const start = take(length);
      return body.subarray(start, start + length);
    },
    get isAtEnd() {
      return at >= body.length;
    },
  };
}

/** Longest message taken; a length beyond it is noise rather than a message. */
const lengthMax = 2 ** 28;

export interface MessageSplitter {
  /** @returns The messages that are complete now. @throws DatabaseError 08P01 for bytes that are no protocol. */
  push(bytes: Uint8Array): ClientMessage[];
  /** The next message has no letter, as before the start. */
  expectStartup(): void;
}

export function createSplitter(): MessageSplitter {
  let rest: Uint8Array = new Uint8Array(0);
  let startup = true;
  return {
    expectStartup() {
      startup = true;
    },
    push(bytes) {
      rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      const found: ClientMessage[] = [];
      for (;;) {
        const header = startup ? 0 : 1;
        if (rest.length < header + 4) return found;
        const length = new DataView(rest.buffer, rest.byteOffset).getInt32(header);
        if (length < 4 || length > lengthMax)
          throw new DatabaseError("08P01", "invalid message length", {}, "FATAL");
        if (rest.length < header + length) return found;
        const type = startup ? "" : String.fromCharCode(rest[0] ?? 0);
        found.push({ type, body: createReader(rest.subarray(header + 4, header + length)) });
        rest = rest.subarray(header + length);
        startup = false;
      }
    },
  };
}
