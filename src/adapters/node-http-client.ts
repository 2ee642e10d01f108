/** The HTTP client port over `node:http`, with connections kept open. */
import http from "node:http";

import type { HttpClient, HttpReply } from "../ports/index.js";
import { plainHeaders, readText } from "./node-http-text.js";

export interface NodeHttpClientOptions {
  /** Where a host really is, such as behind a port forward; undefined leaves it to DNS. */
  readonly resolve?: (host: string) => { readonly hostname: string; readonly port: number } | undefined;
}

/** Errors are those of the port, with the codes of Node. */
export function createNodeHttpClient({ resolve: locate }: NodeHttpClientOptions = {}): HttpClient & {
  close(): void;
} {
  const agent = new http.Agent({ keepAlive: true });
  return {
    async request(url, { method = "GET", headers = {}, body: sent = "", timeoutMs = 10_000 } = {}) {
      const { hostname, port, pathname, search, host } = new URL(url);
      const target = locate?.(host) ?? { hostname, port: Number(port === "" ? 80 : port) };
      return new Promise<HttpReply>((resolve, reject) => {
        const length = sent === "" ? {} : { "content-length": String(Buffer.byteLength(sent)) };
        const request = http.request({
          ...target,
          agent,
          method,
          path: `${pathname}${search}`,
          headers: { ...headers, ...length, host },
        });
        const timer = setTimeout(() => {
          request.destroy(
            Object.assign(new Error(`No reply from ${host} in ${timeoutMs} ms`), { code: "ETIMEDOUT" }),
          );
        }, timeoutMs);
        const failed = (error: Error): void => {
          clearTimeout(timer);
          reject(error);
        };
        request.on("error", failed);
        request.on("response", (response) => {
          const { statusCode: status = 0, headers: received } = response;
          const reply = readText(response).then((body) => ({
            status,
            headers: plainHeaders(received),
            body,
          }));
          resolve(reply.finally(() => clearTimeout(timer)));
        });
        request.end(sent);
      });
    },
    close: () => agent.destroy(),
  };
}
