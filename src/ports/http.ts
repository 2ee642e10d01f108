/**
 * HTTP between services, as plain data: a request in, a reply out, both with whole text bodies.
 * The edge where browsers and tests use `fetch` is not described here.
 */

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

export interface HttpRequestOptions {
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
