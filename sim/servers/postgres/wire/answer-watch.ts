/**
 * Watches both directions of a connection that speaks PostgreSQL's protocol, and knows whether the client still
 * waits for an answer. Only letters and lengths are looked at, never contents.
 */

const letters = (text: string): ReadonlySet<number> => new Set(Buffer.from(text));

const sync = letters("QSF");
const flush = letters("H");
// Each of these is answered on its own, as soon as the client flushes.
const requestTypes = letters("PBDCE");
const replyTypes = letters("123TnCsI");
const [readyForQuery, errorResponse] = ["Z".charCodeAt(0), "E".charCodeAt(0)];

const encryptionRequests: ReadonlySet<number> = new Set([80_877_103, 80_877_104]);
const cancelRequest = 80_877_102;

/** Whether a client waits; it gets every byte, in order. */
export interface AnswerWatch {
  sent(bytes: Uint8Array): void;
  received(bytes: Uint8Array): void;
  readonly waiting: boolean;
}

/**
 * @returns A watch for one connection, from its first byte on. A client waits from each Query, Sync and start-up
 * to its ReadyForQuery, and from a Flush to the answers of what it flushed.
 */
export function createPostgresWatch(): AnswerWatch {
  let ready = 0;
  let unanswered = 0;
  let flushed = false;
  let plainByte = false;

  const client = createScanner({
    startup(code) {
      if (encryptionRequests.has(code)) plainByte = true;
      else if (code !== cancelRequest) ready += 1;
      return encryptionRequests.has(code);
    },
    message(type) {
      if (sync.has(type)) ready += 1;
      else if (flush.has(type)) flushed = true;
      else if (requestTypes.has(type)) unanswered += 1;
    },
  });
  const server = createScanner({
    message(type) {
      if (type === readyForQuery) {
        ready = Math.max(0, ready - 1);
        if (ready === 0) [unanswered, flushed] = [0, false];
      } else if (type === errorResponse) unanswered = 0;
      else if (replyTypes.has(type)) unanswered = Math.max(0, unanswered - 1);
      if (unanswered === 0) flushed = false;
    },
  });

  return {
    sent: client,
    received(bytes) {
      // The answer to a request for encryption is one letter without a frame.
      if (plainByte && bytes.length > 0) {
        plainByte = false;
        server(bytes.subarray(1));
      } else server(bytes);
    },
    get waiting() {
      return ready > 0 || flushed || plainByte;
    },
  };
}

interface Scan {
  /** Gets the code of a first message, which has no letter. @returns Whether another such message follows. */
  startup?(code: number): boolean;
  message(type: number): void;
}

function createScanner({ startup, message }: Scan): (bytes: Uint8Array) => void {
  const header = new DataView(new ArrayBuffer(8));
  let starting = startup !== undefined;
  let have = 0;
  let skip = 0;

  // Eight bytes are length and code, five are letter and length; a length counts itself.
  function complete(): void {
    if (starting) {
      skip = header.getInt32(0) - 8;
      starting = startup?.(header.getInt32(4)) ?? false;
    } else {
      skip = header.getInt32(1) - 4;
      message(header.getUint8(0));
    }
  }

  return (bytes) => {
    let at = 0;
    while (at < bytes.length) {
      if (skip > 0) {
        const step = Math.min(skip, bytes.length - at);
        at += step;
        skip -= step;
        continue;
      }
      header.setUint8(have, bytes[at] ?? 0);
      have += 1;
      at += 1;
      if (have < (starting ? 8 : 5)) continue;
      have = 0;
      complete();
    }
  };
}
