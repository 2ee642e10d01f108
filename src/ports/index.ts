/** What a service needs from any world: clock, randomness, HTTP, SQL, cache, sockets, log. Types only. */

/** Time as a service sees it. The system clock in production, a virtual one in a simulated world. */
export interface Clock {
  /** Wall-clock milliseconds since the Unix epoch, as this host believes it: it may be off, or step. */
  now(): number;

  /** Milliseconds since an arbitrary start; never steps back. Use it to measure how long something took. */
  monotonic(): number;

  /**
   * Calls `run` once, `delayMs` from now.
   *
   * @param delayMs - Milliseconds, at least 0; fractions are kept to the microsecond.
   * @param label - Short constant name for traces, such as `reconcile-tick`.
   * @returns A function that cancels the timer; calling it late or twice does nothing.
   */
  setTimer(delayMs: number, label: string, run: () => void): () => void;
}

/** Randomness as a service sees it: the operating system's in production, seeded in a simulated world. */
export interface Random {
  /** @returns `length` random bytes. */
  bytes(length: number): Uint8Array;
}

// HTTP between services, as plain data: a request in, a reply out, both with whole text bodies.
// The edge where browsers and tests use `fetch` is not described here.

/** Header names are lower case. */
export type HttpHeaders = Readonly<Record<string, string>>;

export interface HttpRequest {
  readonly method: string;
  /** Absolute URL; the host part is a service or host name, such as `http://generator:8082/api/v1/generate`. */
  readonly url: string;
  readonly headers: HttpHeaders;
  readonly body: string;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: HttpHeaders;
  readonly body: string;
}

interface HttpRequestOptions {
  /** @default "GET" */
  readonly method?: string;
  readonly headers?: HttpHeaders;
  /** @default "" */
  readonly body?: string;
  /** Gives up after this long. @default 10_000 */
  readonly timeoutMs?: number;
}

export interface HttpClient {
  /**
   * Sends one request and resolves with any reply, whatever its status.
   *
   * @throws Error with a Node `code`: `ECONNREFUSED` (nobody listens), `ECONNRESET` (the connection broke;
   * the request may have taken effect), `ETIMEDOUT` (no reply in time; it may have taken effect),
   * `ENOTFOUND` (no such host).
   */
  request(url: string, options?: HttpRequestOptions): Promise<HttpReply>;
}

/** What a server does with a request. A rejected promise becomes a bare 500. */
export type HttpHandler = (request: HttpRequest) => Promise<HttpReply> | HttpReply;

// PostgreSQL as a service sees it: the subset of `pg` that the platform uses.

/** A statement is a named constant text; only its values change. */
export interface SqlStatement {
  /** Short constant name, such as `insert-experiment`; names the prepared statement and the trace label. */
  readonly name: string;
  readonly text: string;
}

export interface SqlResult<Row> {
  readonly rows: Row[];
  /** Rows returned or changed, as `pg` counts them; null for statements without a count. */
  readonly rowCount: number | null;
}

export interface SqlClient {
  /**
   * Runs one statement with `$1`-style values.
   *
   * @throws Error with `code`: a five-letter SQLSTATE (`23505`, `40001`, `57014` ...) when the server refused,
   * or a Node code (`ECONNREFUSED`, `ECONNRESET`) when the connection failed and the outcome may be unknown.
   */
  query<Row>(statement: SqlStatement, values?: readonly unknown[]): Promise<SqlResult<Row>>;
}

/** One connection, borrowed from a pool; transactions live on it. */
export interface SqlConnection extends SqlClient {
  /** Gives the connection back. Pass `true` to close it instead, as after a failed transaction. */
  release(destroy?: boolean): void;
}

export interface SqlPool extends SqlClient {
  connect(): Promise<SqlConnection>;
  /** Closes the pool; later use throws. */
  end(): Promise<void>;
}

/** Redis as a service sees it: the subset of `ioredis` that the platform uses. */
export interface Cache {
  get(key: string): Promise<string | null>;
  /** Sets a key that expires after `ttlMs` milliseconds. */
  set(key: string, value: string, ttlMs: number): Promise<void>;
  del(...keys: string[]): Promise<number>;
  /** @returns How many subscribers got the message. At most once: nobody listening means it is lost. */
  publish(channel: string, message: string): Promise<number>;
  /**
   * Listens until the returned function is called. Survives reconnects, but what was published meanwhile is
   * lost: treat a message as a hint.
   */
  subscribe(channel: string, onMessage: (message: string) => void): () => void;
}

/** The server's end of one WebSocket, a subset of `ws`. Text frames only. */
export interface ServerSocket {
  /** Characters accepted by `send` that the peer has not taken yet. */
  readonly bufferedAmount: number;
  send(text: string): void;
  /** @param code - 1000, or 3000 to 4999. @param reason - At most 123 bytes. */
  close(code?: number, reason?: string): void;
  onMessage(listener: (text: string) => void): void;
  /** Called once, whoever closed and however: 1006 when the connection just broke. */
  onClose(listener: (code: number, reason: string) => void): void;
}

/** The upgrade request that opened the socket. */
export interface SocketRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Structured log lines. The world adds time and host. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}
