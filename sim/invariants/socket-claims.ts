/**
 * Whom a socket speaks for: the places where a token counts, and no others. A token that stands in any other text of a
 * client is only text.
 */
import { readClaims } from "./claims.js";
import { readTarget } from "./request-target.js";
import type { Claims } from "./watch.js";

type Fields = Readonly<Record<string, unknown>>;

/** The upgrade request of a socket, or the request that began it by polling. */
export interface SocketOpening {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** @returns The claims of the token that an opening carries: in its header, query, sub-protocols or cookie. */
export function claimsOfOpening({ url, headers }: SocketOpening): Claims | undefined {
  const start = url.indexOf("?");
  const query = new URLSearchParams(start < 0 ? "" : url.slice(start + 1));
  const protocols = (headers["sec-websocket-protocol"] ?? "").split(",").map((text) => text.trim());
  const offer = protocols.findIndex((text) => /^(?:bearer|token|phoenix)$/i.test(text));
  const token =
    bearerToken(headers["authorization"]) ??
    query.get("token") ??
    query.get("access_token") ??
    (offer < 0 ? undefined : protocols[offer + 1]) ??
    cookieToken(headers["cookie"] ?? "");
  return token === undefined ? undefined : readClaims(token);
}

/** @returns The token of an `Authorization` header; undefined when it is not the word Bearer and one token. */
export function bearerToken(header = ""): string | undefined {
  return /^bearer +([\w.~+/-]+=*)$/i.exec(header.trim())?.[1];
}

function cookieToken(header: string): string | undefined {
  for (const pair of header.split(";")) {
    const [name = "", ...value] = pair.split("=");
    if (name.trim() === "token" || name.trim() === "phoenix_token") return value.join("=");
  }
  return undefined;
}

/**
 * Reads a frame that introduces its client, in the dialect of its socket.
 *
 * @param url - Of the opening.
 * @returns The token, empty when that of the opening is meant; undefined for every other frame.
 */
export function tokenOfFrame(url: string, text: string, json: Fields | undefined): string | undefined {
  if (/\/socket\.io\/?$/.test(readTarget(url).path)) {
    if (!text.startsWith("40")) return undefined;
    const auth = parse(text.slice(2));
    const token = isObject(auth) ? auth["token"] : undefined;
    return typeof token === "string" ? token : "";
  }
  if (json?.["type"] !== "auth" && json?.["type"] !== "authenticate") return undefined;
  const token = frameFields(json)["token"];
  return typeof token === "string" ? token : undefined;
}

/** @returns The fields of a frame, with those of its payload below them. */
export function frameFields(json: Fields): Fields {
  return { ...[json["payload"], json["data"]].find(isObject), ...json };
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
