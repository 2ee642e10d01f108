/** The answers of the HTTP API: one envelope for success and failure. */
import type { HttpReply } from "../../../src/ports/index.js";

/** Kinds of failure, named as the API names them. */
export type ApiErrorType = "bad_data" | "execution" | "timeout" | "internal" | "unavailable" | "not_found";

const STATUS: Readonly<Record<ApiErrorType, number>> = {
  bad_data: 400,
  not_found: 404,
  execution: 422,
  internal: 500,
  unavailable: 503,
  timeout: 503,
};

/** A request that cannot be answered. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly type: ApiErrorType;

  constructor(type: ApiErrorType, message: string) {
    super(message);
    this.type = type;
  }
}

/** What a query remarked beside its result. */
export interface Notes {
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

/** @param data - Already as JSON. */
export function success(data: string, { warnings = [], infos = [] }: Notes = {}): HttpReply {
  const notes =
    (warnings.length > 0 ? `,"warnings":${JSON.stringify(limited(warnings, "warning"))}` : "") +
    (infos.length > 0 ? `,"infos":${JSON.stringify(limited(infos, "info"))}` : "");
  return json(200, `{"status":"success","data":${data}${notes}}`);
}

/** The envelope of a failure. */
export function failure(error: ApiError): HttpReply {
  const body = { status: "error", errorType: error.type, error: error.message };
  return json(STATUS[error.type], JSON.stringify(body));
}

/** A plain page. */
export function text(status: number, body: string, contentType = "text/plain; charset=utf-8"): HttpReply {
  return { status, headers: { "content-type": contentType }, body };
}

const NOTES_MAX = 10;

function limited(notes: readonly string[], kind: string): string[] {
  if (notes.length <= NOTES_MAX) return [...notes];
  return [...notes.slice(0, NOTES_MAX), `${notes.length - NOTES_MAX} more ${kind} annotations omitted`];
}

// JSON.stringify escapes lone surrogates, which stand for bytes that are not UTF-8.
const STRAY_BYTES = /(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g;

function json(status: number, body: string): HttpReply {
  return {
    status,
    headers: { "content-type": "application/json" },
    body: body.replace(STRAY_BYTES, "$1\\ufffd"),
  };
}
