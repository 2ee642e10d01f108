/**
 * The parts of mock-socket's WebSocket that are right: what it accepts as address, sub-protocols, close code
 * and reason. Its opening, delivery, closing and its one bridge for the whole process are not used.
 */
import { WebSocket as MockSocket } from "mock-socket";

export interface CheckedAddress {
  readonly url: string;
  readonly protocols: readonly string[];
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** @throws DOMException `SyntaxError` for an address or sub-protocols that a browser refuses. */
export function checkAddress(url: string | URL, protocols: string | string[] = []): CheckedAddress {
  // Since 2023 browsers take http: and https: too; mock-socket does not.
  const text = String(url).replace(/^http(s?):/i, "ws$1:");
  if (!URL.canParse(text)) throw syntaxError(`The URL '${text}' is invalid.`);
  const list = typeof protocols === "string" ? [protocols] : [...protocols].map(String);
  asDomException("SyntaxError", () => withoutTimers(() => new MockSocket(text, list)));
  const wrong = list.find((protocol) => !token.test(protocol));
  if (wrong !== undefined) throw syntaxError(`The subprotocol '${wrong}' is invalid.`);
  return { url: new URL(text).href, protocols: list };
}

/** @throws DOMException `InvalidAccessError` for a code, `SyntaxError` for a reason that a browser refuses. */
export function checkClose(code: number | undefined, reason: string | undefined): void {
  // A socket that is closed already looks at its arguments, and then does nothing.
  const closed = { readyState: MockSocket.CLOSED } as MockSocket;
  const check = (): void => MockSocket.prototype.close.call(closed, code, reason);
  asDomException("InvalidAccessError", check);
}

function asDomException(nameOfTypeError: string, check: () => void): void {
  try {
    check();
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    throw new DOMException(cause.message, cause instanceof SyntaxError ? "SyntaxError" : nameOfTypeError);
  }
}

function syntaxError(problem: string): DOMException {
  return new DOMException(`Failed to construct 'WebSocket': ${problem}`, "SyntaxError");
}

// Its constructor would open the socket 4 ms later by the timer that is global then.
function withoutTimers(run: () => void): void {
  const original = Object.getOwnPropertyDescriptor(globalThis, "setTimeout");
  Object.defineProperty(globalThis, "setTimeout", { configurable: true, writable: true, value: () => 0 });
  try {
    run();
  } finally {
    if (original !== undefined) Object.defineProperty(globalThis, "setTimeout", original);
  }
}
