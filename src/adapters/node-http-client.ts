/** The HTTP client port over `node:http`, with connections kept open. */
import http from "node:http";

import type { HttpClient, HttpReply } from "../ports/index.js";
import { plainHeaders, readText } from "./node-http-text.js";

export interface NodeHttpClientOptions {
  /** Where a host really is, such as behind a port forward; undefined leaves it to DNS. */
  readonly resolve?: (host: string) => { readonly hostname: string; readonly port: number } | undefined;
}

/** Errors are those of the port, with the codes of Node. */
export function createNodeHttpClient({ resolve }: NodeHttpClientOptions = {}): HttpClient & { close(): void } {
  const agent = new http.Agent({ keepAlive: true });
  return {
    async request(url, { method = "GET", headers = {}, body = "", timeoutMs = 10_000 } = {}) {
      const { hostname, port, pathname, search, host } = new URL(url);
      const target = resolve?.(host) ?? { hostname, port: Number(port === "" ? 80 : port) };
      return new Promise<HttpReply>((done, fail) => {
        const length = body === "" ? {} : { "content-length": String(Buffer.byteLength(body)) };
        const request = http.request({
          ...target,
          agent,
          method,
          path: `${pathname}${search}`,
          headers: { ...headers, ...length, host },
        });
        const timer = setTimeout(() => {
          request.destroy(Object.assign(new Error(`No reply from ${host} in ${timeoutMs} ms`), { code: "ETIMEDOUT" }));
        }, timeoutMs);
        const failed = (error: Error): void => {
          clearTimeout(timer);
          fail(error);
        };
        request.on("error", failed);
        request.on("response", (response) => {
          readText(response).then((text) => {
            clearTimeout(timer);
            done({ status: response.statusCode ?? 0, headers: plainHeaders(response.headers), body: text });
          }, failed);
        });
        request.end(body);
      });
    },
    close: () => agent.destroy(),
  };
}
