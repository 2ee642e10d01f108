/** One thing on its way between two hosts, as rules and links see it. */

/** What the message belongs to. */
export type Protocol = "http" | "sql" | "redis" | "websocket";

/** Its role: a request, its reply, a frame on an open connection, or the opening and breaking of one. */
export type MessagePart = "request" | "reply" | "frame" | "connect" | "reset";

export interface Message {
  /** Sending host. */
  readonly from: string;
  /** Receiving host. */
  readonly to: string;
  readonly protocol: Protocol;
  readonly part: MessagePart;
  /** Stable name without ids, such as `POST /api/v1/experiments` or `insert-experiment`. */
  readonly label: string;
  /** 32-bit digest of the payload. */
  readonly digest: number;
}

/** The error of a connection that could not be made, broke, or stayed silent; codes are those of Node. */
export class NetworkError extends Error {
  override readonly name = "NetworkError";
  readonly code: "ECONNREFUSED" | "ECONNRESET" | "ETIMEDOUT" | "ENOTFOUND";

  constructor(code: NetworkError["code"], message: string) {
    super(`${message} (${code})`);
    this.code = code;
  }
}
