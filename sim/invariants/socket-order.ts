/** WebSockets tell of each experiment in order, without gaps, and only what is committed. */
import { type Invariant, type Socket, textOf } from "./watch.js";

interface Following {
  readonly socket: Socket;
  readonly sinceMs: number;
  /** Whether it is told everything, from some moment on. */
  whole: boolean;
  readonly last: Map<string, number>;
  /** Place from which on it is told everything, when it came back and named one. */
  place: number | undefined;
}

const topics = new Set(["experiment.updates", "experiment.update", "experiment.*", "*"]);

export const socketOrder: Invariant = {
  name: "socket-order",
  summary: "a socket is told every event of an experiment once, in order, after it was committed",
  watch(view) {
    const events = new Map<string, string>();
    const newest = new Map<string, number>();
    const places: string[] = [];
    const createdAtMs = new Map<string, number>();
    const sockets = new Map<number, Following>();
    const { fail } = view;

    /** @returns The first place before `end` of which a socket that came back was not told. */
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
      committed(changes) {
        for (const { table, key, before, after } of changes) {
          if (table === "experiments" && before === null) createdAtMs.set(key, view.nowMs);
          if (table !== "experiment_events" || after === null) continue;
          if (typeof after["position"] === "number") places[after["position"]] = textOf(after["tenant_id"]);
          const [id, seq] = [String(after["experiment_id"]), Number(after["seq"])];
          events.set(`${id}/${seq}`, String(after["to_state"]));
          newest.set(id, Math.max(seq, newest.get(id) ?? 0));
        }
      },
      heard(socket, json) {
        const type = json?.["type"];
        if (type === "unsubscribe") following(socket).whole = false;
        if (type !== "subscribe") return;
        const inner = (json?.["payload"] ?? {}) as Readonly<Record<string, unknown>>;
        const all = topics.has(String(inner["event"] ?? json?.["event"]));
        const since = inner["since"] ?? json?.["since"];
        const one = inner["experiment_id"] ?? json?.["experiment_id"];
        const sinceMs = since === undefined && !socket.url.includes("since=") ? view.nowMs : Infinity;
        const whole = all && one === undefined;
        const place = whole && typeof since === "number" ? since : undefined;
        sockets.set(socket.id, { socket, sinceMs, whole, last: new Map(), place });
      },
      told(socket, _text, json) {
        if (json?.["type"] !== "experiment.update" || typeof json["seq"] !== "number") return;
        const [id, seq, state] = [String(json["experiment_id"]), json["seq"], String(json["state"])];
        const known = following(socket);
        const last = known.last.get(id);
        const committed = events.get(`${id}/${seq}`);
        if (committed === undefined) fail(`a socket was told event ${seq} of ${id} before it was committed`);
        else if (committed !== state)
          fail(`a socket was told ${state} as event ${seq} of ${id}, which is ${committed}`);
        else if (last !== undefined && seq <= last)
          fail(`a socket was told event ${seq} of ${id} after event ${last}`);
        else if (last !== undefined && known.whole && seq > last + 1)
          fail(`a socket was told event ${seq} of ${id} right after event ${last}`);
        else if (last === undefined && seq > 1 && known.whole && (createdAtMs.get(id) ?? 0) > known.sinceMs)
          fail(`the first that a socket was told of ${id} is event ${seq}`);
        known.last.set(id, seq);
        if (known.place === undefined || typeof json["position"] !== "number") return;
        const missed = missing(known, json["position"]);
        if (missed !== undefined)
          fail(`a socket that came back was not told what happened at place ${missed}`);
        known.place = json["position"];
      },
      pending() {
        for (const known of sockets.values()) {
          const { socket, sinceMs, whole, last } = known;
          if (!whole || !socket.open || socket.claims === undefined) continue;
          const place = missing(known, places.length);
          if (place !== undefined) return `socket ${socket.id} was not told what happened at place ${place}`;
          for (const [id, seq] of newest) {
            if (view.experiment(id)?.["tenant_id"] !== socket.claims.tenant) continue;
            const told = last.get(id) ?? ((createdAtMs.get(id) ?? 0) > sinceMs ? 0 : seq);
            if (told < seq)
              return `socket ${socket.id} was told ${told} of ${seq} events of experiment ${id}`;
          }
        }
        return undefined;
      },
    };
  },
};
