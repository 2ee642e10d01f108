/** A reply that is not a success, as an error. */

/** Body of an error reply of the platform. */
export interface ErrorBody {
  /** Lower-case text, such as `forbidden: experiment belongs to another tenant`. */
  readonly error: string;
  /** Stable name, such as `VALIDATION_ERROR`. */
  readonly code?: string;
  readonly details?: unknown;
}

/** Thrown by the client for every reply of 400 and above. The message holds the platform's own text. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  /** Parsed body when it was JSON, else its text. */
  readonly body: ErrorBody | string;
  /** The platform's code, such as `NOT_FOUND`; empty when the body had none. */
  readonly code: string;

  constructor(method: string, path: string, status: number, body: ErrorBody | string) {
    const text = typeof body === "string" ? body : body.error;
    super(`${method} ${path} answered ${status}: ${text}`);
    this.status = status;
    this.body = body;
    this.code = typeof body === "string" ? "" : (body.code ?? "");
  }
}
