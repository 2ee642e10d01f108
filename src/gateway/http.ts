/** HTTP as the gateway speaks it: its answers, its errors as clients see them, the parts of a request's URL. */
import { ValidationError, errorCode, errorText } from "../shared/index.js";

/** An answer before it is written out. */
export interface Reply {
  readonly status: number;
  /** Sent as JSON; a string is sent as it is; undefined sends nothing. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** @returns A reply with a JSON body. */
export function reply(status: number, body?: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, body, headers };
}

// Errors as clients see them.

const statuses = {
  VALIDATION_ERROR: 400,
  INVALID_TRANSITION: 400,
  AUTHENTICATION_ERROR: 401,
  AUTHORIZATION_ERROR: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  CONFLICT: 409,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  IDEMPOTENCY_KEY_REUSED: 422,
  UPGRADE_REQUIRED: 426,
  INTERNAL_ERROR: 500,
  SERVICE_UNAVAILABLE: 503,
} as const;

export type ApiErrorCode = keyof typeof statuses;

/** A failure that is answered to a client. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: ApiErrorCode;
  /** More about it: what is wrong where. */
  readonly details: unknown;

  /** @param message - Words for people, in lower case. */
  constructor(code: ApiErrorCode, message: string, details: unknown = null) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** @returns The error of a request that may not see or do what it asks for. */
export function forbidden(why: string): ApiError {
  return new ApiError("AUTHORIZATION_ERROR", `forbidden: ${why}`);
}

/** @returns The error of something that does not exist. */
export function notFound(what: string): ApiError {
  return new ApiError("NOT_FOUND", `${what} not found`);
}

/** @returns The reply that tells of an error. */
export function errorReply(error: unknown): Reply {
  const { code, message, details } = toApiError(error);
  const status = statuses[code];
  const body = { error: message, message, code, details };
  if (status === 503) return { status, body, headers: { "retry-after": "1" } };
  return status === 401 ? { status, body, headers: { "www-authenticate": "Bearer" } } : { status, body };
}

/** @returns Any thrown value as an error for clients; what nobody expected is an internal error. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof ValidationError)
    return new ApiError("VALIDATION_ERROR", error.message, error.problems);
  if (isOutage(error))
    return new ApiError("SERVICE_UNAVAILABLE", "a service this needs is unavailable, try again");
  return new ApiError("INTERNAL_ERROR", "internal error");
}

const outageCodes: ReadonlySet<string> = new Set(
  "ECONNREFUSED ECONNRESET ECONNABORTED ETIMEDOUT ENOTFOUND EPIPE EHOSTUNREACH EAI_AGAIN".split(" "),
);

// Connection failures, lack of resources, an operator's intervention, locks, and conflicts with others.
const outageStates = /^(08|53|57|58|40|55P03|25006)/;

function isOutage(error: unknown): boolean {
  const code = errorCode(error);
  if (code !== "") return outageCodes.has(code) || (code.length === 5 && outageStates.test(code));
  // The pool of `pg` gives these without a code.
  return /timeout|terminat|connection|pool/i.test(errorText(error));
}

// The parts of a request's URL, as it came: it need not be a valid one.

/** @returns The path, not decoded, without query and fragment. */
export function pathOf(url: string): string {
  const authority = url.indexOf("://");
  const start = url.startsWith("/") ? 0 : url.indexOf("/", authority < 0 ? 0 : authority + 3);
  return start < 0 ? "/" : url.slice(start).replace(/[?#][^]*$/, "");
}

/** @returns The parameters behind the question mark. */
export function queryOf(url: string): URLSearchParams {
  const start = url.indexOf("?");
  return new URLSearchParams(start < 0 ? "" : url.slice(start + 1).replace(/#[^]*$/, ""));
}
