/** WebSockets tell of each experiment in order, without gaps, and only what is committed. */
import { readTarget } from "./requests.js";
import { textOf, type Claims, type Invariant, type Socket } from "./watch.js";

// Reads who a token speaks for, without asking whether it is genuine: that is for the platform to do.

const known = new Map<string, Claims | undefined>();
const knownMax = 200;

/** @param text - A JSON Web Token, with or without `Bearer` before it. */
export function readClaims(text: string): Claims | undefined {
  if (text === "") return undefined;
  if (known.has(text)) return known.get(text);
  // The same few tokens come again and again; what a token says never changes.
  if (known.size >= knownMax) known.clear();
  const claims = decode(text);
  known.set(text, claims);
  return claims;
}

function decode(text: string): Claims | undefined {
  const [, payload = ""] = text.replace(/^bearer\s+/i, "").split(".");
  try {
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
    const { tenant_id: tenant, user_id: user, roles, exp } = claims;
    if (typeof tenant !== "string") return undefined;
    const expiresAtMs = Number(exp) * 1000 || 0;
    return { tenant, user: String(user), roles: Array.isArray(roles) ? roles.map(String) : [], expiresAtMs };
  } catch {
    return undefined;
  }
}

// Whom a socket speaks for: the places where a token counts, and no others. A token that stands in any other text of a
// client is only text.

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
function frameFields(json: Fields): Fields {
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

interface Following {
  readonly socket: Socket;
  readonly sinceMs: number;
  /** Whether it gets every event, from some moment on. */
  whole: boolean;
  readonly last: Map<string, number>;
  /** Place from which on it gets every event, when it reconnected and named one. */
  place: number | undefined;
}

const topics = new Set(["experiment.updates", "experiment.update", "experiment.*", "*"]);

/** Topics of one frame that count, as the platform announces it. */
const topicsMax = 100;

/** What a client that subscribes is owed; undefined when its frame is refused. */
interface Subscription {
  /** Every event of its tenant. */
  readonly whole: boolean;
  /** The last place that it has seen. */
  readonly since: number | undefined;
}

function readSubscription(json: Readonly<Record<string, unknown>>): Subscription | undefined {
  const fields = frameFields(json);
  const since = fields["since"] ?? fields["last_position"];
  if (since !== undefined && !(Number.isSafeInteger(since) && Number(since) >= 0)) return undefined;
  const lists = ["channels", "topics", "events"].map((name) => fields[name]);
  const many: readonly unknown[] = lists.find(Array.isArray) ?? [];
  const single = ["event", "topic", "channel"].map((name) => fields[name]);
  const all = [...many, ...single].slice(0, topicsMax).some((topic) => topics.has(String(topic)));
  // A client that names an experiment, wherever, may get that one only.
  const narrowed = ["experiment_id", "experimentId", "filters"].some((name) => fields[name] !== undefined);
  return { whole: all && !narrowed, since: since === undefined ? undefined : Number(since) };
}

export const socketOrder: Invariant = {
  name: "socket-order",
  summary: "a socket gets every event of an experiment once, in order, after it was committed",
  watch(view) {
    const events = new Map<string, string>();
    const newest = new Map<string, number>();
    const places: string[] = [];
    const createdAtMs = new Map<string, number>();
    const sockets = new Map<number, Following>();
    const { fail } = view;

    /** @returns The first place before `end` that a socket which reconnected did not get. */
    function missing({ place = Infinity, socket }: Following, end: number): number | undefined {
      for (let next = place + 1; next < end; next++)
        if (places[next] !== undefined && places[next] === socket.claims?.tenant) return next;
      return undefined;
    }

    function following(socket: Socket): Following {
      let known = sockets.get(socket.id);
      if (known === undefined) {
        known = { socket, sinceMs: Infinity, whole: false, last: new Map(), place: undefined };
        sockets.set(socket.id, known);
      }
      return known;
    }

    return {
      onCommit(changes) {
        for (const { table, key, before, after } of changes) {
          if (table === "experiments" && before === null) createdAtMs.set(key, view.nowMs);
          if (table !== "experiment_events" || after === null) continue;
          if (typeof after["position"] === "number") places[after["position"]] = textOf(after["tenant_id"]);
          const [id, seq] = [String(after["experiment_id"]), Number(after["seq"])];
          events.set(`${id}/${seq}`, String(after["to_state"]));
          newest.set(id, Math.max(seq, newest.get(id) ?? 0));
        }
      },
      onClientMessage(socket, json, text) {
        // Who becomes somebody else is owed nothing of what went before.
        if (tokenOfFrame(socket.url, text, json) !== undefined) sockets.delete(socket.id);
        const type = json?.["type"];
        if (type === "unsubscribe") following(socket).whole = false;
        const subscription = type === "subscribe" && json !== undefined ? readSubscription(json) : undefined;
        if (subscription === undefined) return;
        const { whole, since } = subscription;
        const sinceMs = since === undefined && !socket.url.includes("since=") ? view.nowMs : Infinity;
        const place = whole ? since : undefined;
        sockets.set(socket.id, { socket, sinceMs, whole, last: new Map(), place });
      },
      onFrame(socket, _text, json) {
        if (json?.["type"] !== "experiment.update" || typeof json["seq"] !== "number") return;
        const [id, seq, state] = [String(json["experiment_id"]), json["seq"], String(json["state"])];
        const known = following(socket);
        const last = known.last.get(id);
        const committed = events.get(`${id}/${seq}`);
        if (committed === undefined) fail(`a socket got event ${seq} of ${id} before it was committed`);
        else if (committed !== state)
          fail(`a socket got ${state} as event ${seq} of ${id}, which is ${committed}`);
        else if (last !== undefined && seq <= last)
          fail(`a socket got event ${seq} of ${id} after event ${last}`);
        else if (last !== undefined && known.whole && seq > last + 1)
          fail(`a socket got event ${seq} of ${id} right after event ${last}`);
        else if (last === undefined && seq > 1 && known.whole && (createdAtMs.get(id) ?? 0) > known.sinceMs)
          fail(`the first event of ${id} that a socket got is ${seq}`);
        known.last.set(id, seq);
        if (known.place === undefined || typeof json["position"] !== "number") return;
        const missed = missing(known, json["position"]);
        if (missed !== undefined)
          fail(`a socket that reconnected did not get what happened at place ${missed}`);
        known.place = json["position"];
      },
      pending() {
        for (const known of sockets.values()) {
          const { socket, sinceMs, whole, last } = known;
          if (!whole || !socket.open || socket.claims === undefined) continue;
          const place = missing(known, places.length);
          if (place !== undefined) return `socket ${socket.id} did not get what happened at place ${place}`;
          for (const [id, seq] of newest) {
            if (view.experiment(id)?.["tenant_id"] !== socket.claims.tenant) continue;
            const reportedSeq = last.get(id) ?? ((createdAtMs.get(id) ?? 0) > sinceMs ? 0 : seq);
            if (reportedSeq < seq)
              return `socket ${socket.id} got ${reportedSeq} of ${seq} events of experiment ${id}`;
          }
        }
        return undefined;
      },
    };
  },
};
