/** What the standard lets `new WebSocket` and `close` take (https://websockets.spec.whatwg.org). */

export interface CheckedAddress {
  readonly url: string;
  readonly protocols: readonly string[];
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** @throws DOMException `SyntaxError` for an address or sub-protocols that a browser refuses. */
export function checkAddress(url: string | URL, protocols: string | string[] = []): CheckedAddress {
  const text = String(url);
  if (!URL.canParse(text)) throw syntaxError(`The URL '${text}' is invalid.`);
  const parsed = new URL(text);
  // Since 2023 http: and https: stand for ws: and wss:.
  if (parsed.protocol === "http:") parsed.protocol = "ws:";
  if (parsed.protocol === "https:") parsed.protocol = "wss:";
  if (parsed.protocol !== "ws:" && parsed.protocol !== "wss:") {
    throw syntaxError(
      `The URL's scheme must be either 'http', 'https', 'ws', or 'wss'. '${parsed.protocol.slice(0, -1)}' is not allowed.`,
    );
  }
  if (parsed.href.includes("#")) {
    throw syntaxError(
      `The URL contains a fragment identifier ('${parsed.hash.slice(1)}'). Fragment identifiers are not allowed in WebSocket URLs.`,
    );
  }
  const list = typeof protocols === "string" ? [protocols] : [...protocols].map(String);
  const wrong = list.find((protocol) => !token.test(protocol));
  if (wrong !== undefined) throw syntaxError(`The subprotocol '${wrong}' is invalid.`);
  const twice = list.find((protocol, index) => list.indexOf(protocol) !== index);
  if (twice !== undefined) throw syntaxError(`The subprotocol '${twice}' is duplicated.`);
  return { url: parsed.href, protocols: list };
}

const reasonBytesMax = 123;

/**
 * @returns The code as it is sent, whole.
 * @throws DOMException `InvalidAccessError` for a code, `SyntaxError` for a reason that a browser refuses.
 */
export function checkClose(given: number | undefined, reason: string | undefined): number | undefined {
  const code = given === undefined ? undefined : clamp(given);
  if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999)) {
    throw new DOMException(
      `Failed to execute 'close' on 'WebSocket': The close code must be either 1000, or between 3000 and 4999. ${code} is neither.`,
      "InvalidAccessError",
    );
  }
  if (reason !== undefined && Buffer.byteLength(reason) > reasonBytesMax) {
    throw new DOMException(
      `Failed to execute 'close' on 'WebSocket': The close reason must not be greater than ${reasonBytesMax} UTF-8 bytes.`,
      "SyntaxError",
    );
  }
  return code;
}

// WebIDL: `[Clamp] unsigned short`.
function clamp(given: unknown): number {
  const value = Number(given);
  return Number.isNaN(value) ? 0 : Math.round(Math.min(Math.max(value, 0), 0xffff));
}

function syntaxError(problem: string): DOMException {
  return new DOMException(`Failed to construct 'WebSocket': ${problem}`, "SyntaxError");
}

// Requests that wait until there is something to tell, as those of a Socket.IO client do. Such a wait is no reason for
// time to move, as that of an open WebSocket is none: only its way to the server is.

/** Virtual milliseconds in which a request arrives and is answered, if there is anything to answer. */
export const longPollHoldMs = 100;

/** @param target - URL or path of the request. */
export function isLongPoll(method: string, target: string): boolean {
  return method === "GET" && /\/socket\.io\/?\?(?:.*&)?sid=/.test(target);
}
