/** Where a socket's token may be, and where it wants to begin. */
import type { SocketRequest } from "../../ports/index.js";
import { pathOf, queryOf } from "../request-url.js";

/** What the upgrade request of a socket says. */
export interface SocketWishes {
  readonly path: string;
  /** Empty when the request carries none; a frame may follow. */
  readonly token: string;
  /** Place of the last event the client has seen. */
  readonly since: number | undefined;
}

/** Reads an upgrade request: header, query, sub-protocol or cookie. */
export function readWishes({ url, headers }: SocketRequest): SocketWishes {
  const searchParams = queryOf(url);
  const since = Number(searchParams.get("since") ?? Number.NaN);
  return {
    path: pathOf(url),
    token:
      afterBearer(headers["authorization"] ?? "") ??
      searchParams.get("token") ??
      searchParams.get("access_token") ??
      fromProtocol(headers["sec-websocket-protocol"] ?? "") ??
      fromCookie(headers["cookie"] ?? "") ??
      "",
    since: Number.isSafeInteger(since) && since >= 0 ? since : undefined,
  };
}

function afterBearer(header: string): string | undefined {
  return /^bearer\s+(\S+)$/i.exec(header.trim())?.[1];
}

// Browsers cannot set headers: they offer "bearer" and the token as sub-protocols.
function fromProtocol(header: string): string | undefined {
  const offered = header.split(",").map((text) => text.trim());
  const index = offered.findIndex((text) => /^(bearer|token|phoenix)$/i.test(text));
  return index < 0 ? undefined : offered[index + 1];
}

function fromCookie(header: string): string | undefined {
  return /(?:^|;\s*)(?:token|phoenix_token)=([^;]+)/.exec(header)?.[1];
}
