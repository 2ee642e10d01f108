/**
 * What somebody passed to `fetch`, as plain data.
 *
 * The common case, an address and a text body, is read without building a `Request`, which would cost more
 * than the rest of the call. Everything else goes through a real one, so that its rules are the platform's.
 */
import { SimError } from "../errors.js";

/** One request as the network carries it, and how its sender wants it treated. */
export interface FetchCall {
  readonly url: URL;
  readonly method: string;
  /** Names are lower case. */
  readonly headers: Record<string, string>;
  readonly body: string;
  /** The same body, for those who take more than text. */
  readonly bytes?: Uint8Array<ArrayBuffer>;
  readonly signal: AbortSignal | undefined;
  readonly redirect: RequestRedirect;
}

/**
 * Reads the arguments of one `fetch`. A plain call is answered at once, others as a promise, because a stream
 * can only be read over time.
 *
 * @throws TypeError as `fetch` does, for addresses, methods and headers that it refuses.
 * @throws SimError `SIM_UNSUPPORTED` for bodies that are not text.
 */
export function readCall(input: RequestInfo | URL, init: RequestInit = {}): FetchCall | Promise<FetchCall> {
  const { body } = init;
  for (const option of ["integrity", "dispatcher"]) if (option in init) throw optionError(option);
  if (body instanceof FormData) throw formDataError();
  if (input instanceof Request || !(typeof body === "string" || body === undefined || body === null)) {
    return readRequest(new Request(input, withDuplex(init)));
  }
  const method = normalMethod(init.method);
  const text = body ?? "";
  if (text !== "" && (method === "GET" || method === "HEAD")) {
    throw new TypeError("Request with GET/HEAD method cannot have body.");
  }
  const headers = headersOf(new Headers(init.headers));
  if (typeof body === "string") headers["content-type"] ??= "text/plain;charset=UTF-8";
  return {
    url: parseUrl(String(input)),
    method,
    headers,
    body: text,
    signal: init.signal ?? undefined,
    redirect: init.redirect ?? "follow",
  };
}

async function readRequest(request: Request): Promise<FetchCall> {
  const { signal, method, redirect } = request;
  signal.throwIfAborted();
  const headers = headersOf(request.headers);
  if (headers["content-type"]?.startsWith("multipart/form-data") === true) throw formDataError();
  const body = request.body === null ? "" : decode(await bytesOf(request));
  return { url: parseUrl(request.url), method, headers, body, signal, redirect };
}

/** Reads the arguments of one `fetch` to somebody who takes bodies of every kind. @throws TypeError as `fetch` does. */
export async function readCallWithBytes(
  input: RequestInfo | URL,
  init: RequestInit = {},
): Promise<FetchCall> {
  const request = new Request(input, withDuplex(init));
  const { signal, method, redirect } = request;
  signal.throwIfAborted();
  const bytes = new Uint8Array(await bytesOf(request));
  const body = new TextDecoder().decode(bytes);
  return {
    url: parseUrl(request.url),
    method,
    headers: headersOf(request.headers),
    body,
    bytes,
    signal,
    redirect,
  };
}

// A body that is a stream may never end; who gives up need not wait for it.
async function bytesOf(request: Request): Promise<ArrayBuffer> {
  const { signal } = request;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort);
    request
      .arrayBuffer()
      .then((bytes) => {
        if (signal.aborted) onAbort();
        else resolve(bytes);
      }, reject)
      .finally(() => signal.removeEventListener("abort", onAbort));
  });
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(bytes: ArrayBuffer): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new SimError(
      "SIM_UNSUPPORTED",
      `Cannot send a body of ${bytes.byteLength} bytes that is not UTF-8 text.`,
      "The simulated services speak text. Encode the bytes, for example as base64.",
      { cause },
    );
  }
}

function optionError(option: string): SimError {
  return new SimError(
    "SIM_UNSUPPORTED",
    `Cannot fetch with the option "${option}".`,
    "Leave it out; for a dispatcher of undici, use undici's own fetch and that of createRealClients.",
  );
}

function formDataError(): SimError {
  return new SimError(
    "SIM_UNSUPPORTED",
    "Cannot send FormData: its multipart boundary is random, and no simulated service reads it.",
    "Send JSON, or URLSearchParams for a form.",
  );
}

// Node demands `duplex` with a stream; the other bodies do not mind it.
function withDuplex(init: RequestInit): RequestInit {
  return init.body instanceof ReadableStream ? ({ duplex: "half", ...init } as RequestInit) : init;
}

function parseUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new TypeError(`Failed to parse URL from ${text}`, { cause });
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new SimError(
      "SIM_UNSUPPORTED",
      `Cannot fetch ${text.slice(0, 80)}: only http: and https: reach a simulated host.`,
      "Use the address of a service, such as phoenix.url.",
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new TypeError(`Request cannot be constructed from a URL that includes credentials: ${text}`);
  }
  return url;
}

const normalised = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]);
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

function normalMethod(method = "GET"): string {
  if (normalised.has(method)) return method;
  const upper = method.toUpperCase();
  if (!token.test(method) || upper === "CONNECT" || upper === "TRACE" || upper === "TRACK") {
    throw new TypeError(`'${method}' is not a valid HTTP method.`);
  }
  return normalised.has(upper) ? upper : method;
}

function headersOf(headers: Headers): Record<string, string> {
  const plain: Record<string, string> = { accept: "*/*", "user-agent": "node" };
  for (const [name, value] of headers) plain[name] = value;
  return plain;
}
