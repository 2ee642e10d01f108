/** Publish and subscribe: at most once, to whoever listens now, channels before patterns. */
import { bulk, integer, push, type Bytes, type RedisReply } from "./reply.js";

// Glob patterns of KEYS, SCAN and PSUBSCRIBE: `*`, `?`, `[a-z]`, `[^a]`, `\` to quote.

interface ClassMatch {
  readonly matched: boolean;
  /** Position after the closing bracket. */
  readonly next: number;
}

function matchClass(pattern: Bytes, start: number, character: string): ClassMatch {
  let at = start + 1;
  const negated = pattern[at] === "^";
  if (negated) at += 1;
  let found = false;
  // An unclosed class ends with the pattern, as in Redis.
  while (at < pattern.length && pattern[at] !== "]") {
    if (pattern[at] === "\\" && at + 1 < pattern.length) {
      at += 1;
      if (pattern[at] === character) found = true;
    } else if (pattern[at + 1] === "-" && at + 2 < pattern.length) {
      const ends = [pattern[at] ?? "", pattern[at + 2] ?? ""].sort((a, b) => (a < b ? -1 : 1));
      if (character >= (ends[0] ?? "") && character <= (ends[1] ?? "")) found = true;
      at += 2;
    } else if (pattern[at] === character) found = true;
    at += 1;
  }
  return { matched: found !== negated, next: at + 1 };
}

/** @returns Whether the whole text matches. Linear in most cases, quadratic at worst. */
export function matchesGlob(pattern: Bytes, text: Bytes): boolean {
  if (pattern === "*") return true;
  let p = 0;
  let t = 0;
  let starPattern = -1;
  let starText = 0;
  while (t < text.length) {
    const symbol = pattern[p];
    const character = text[t] ?? "";
    let next = -1;
    if (symbol === "*") {
      starPattern = p;
      starText = t;
      p += 1;
      continue;
    }
    if (symbol === "?") next = p + 1;
    else if (symbol === "[") {
      const result = matchClass(pattern, p, character);
      if (result.matched) next = result.next;
    } else if (symbol === "\\" && p + 1 < pattern.length) {
      if (pattern[p + 1] === character) next = p + 2;
    } else if (symbol === character) next = p + 1;
    if (next >= 0) {
      p = next;
      t += 1;
    } else if (starPattern >= 0) {
      p = starPattern + 1;
      starText += 1;
      t = starText;
    } else return false;
  }
  while (pattern[p] === "*") p += 1;
  return p >= pattern.length;
}

export interface Subscriber {
  push(reply: RedisReply): void;
}

export interface PubSub {
  /** @returns How many deliveries were made. */
  publish(channel: Bytes, message: Bytes): number;
  /** @returns The confirmation, with how many subscriptions of this kind family the subscriber now has. */
  subscribe(subscriber: Subscriber, kind: SubscriptionKind, name: Bytes): RedisReply;
  /** Without a name: ends all of this kind; always at least one confirmation. */
  unsubscribe(subscriber: Subscriber, kind: SubscriptionKind, names: readonly Bytes[]): RedisReply[];
  count(subscriber: Subscriber): number;
  drop(subscriber: Subscriber): void;
  /** Names with at least one subscriber, in the order of their first subscription. */
  names(kind: SubscriptionKind): Bytes[];
  subscribers(kind: SubscriptionKind, name: Bytes): number;
}

export type SubscriptionKind = "channel" | "pattern";

export function createPubSub(): PubSub {
  const topics = {
    channel: new Map<Bytes, Set<Subscriber>>(),
    pattern: new Map<Bytes, Set<Subscriber>>(),
  };
  const subscriptionsOf = {
    channel: new Map<Subscriber, Set<Bytes>>(),
    pattern: new Map<Subscriber, Set<Bytes>>(),
  };

  const count = (subscriber: Subscriber): number =>
    (subscriptionsOf.channel.get(subscriber)?.size ?? 0) +
    (subscriptionsOf.pattern.get(subscriber)?.size ?? 0);

  function remove(subscriber: Subscriber, kind: SubscriptionKind, name: Bytes): void {
    subscriptionsOf[kind].get(subscriber)?.delete(name);
    if (subscriptionsOf[kind].get(subscriber)?.size === 0) subscriptionsOf[kind].delete(subscriber);
    topics[kind].get(name)?.delete(subscriber);
    if (topics[kind].get(name)?.size === 0) topics[kind].delete(name);
  }

  return {
    publish(channel, message) {
      const direct = topics.channel.get(channel);
      let delivered = direct?.size ?? 0;
      for (const subscriber of direct ?? []) subscriber.push(push(["message", channel, message].map(bulk)));
      for (const [pattern, subscribers] of topics.pattern) {
        if (!matchesGlob(pattern, channel)) continue;
        delivered += subscribers.size;
        for (const subscriber of subscribers) {
          subscriber.push(push(["pmessage", pattern, channel, message].map(bulk)));
        }
      }
      return delivered;
    },
    subscribe(subscriber, kind, name) {
      const names = subscriptionsOf[kind].get(subscriber) ?? new Set();
      subscriptionsOf[kind].set(subscriber, names.add(name));
      const subscribers = topics[kind].get(name) ?? new Set();
      topics[kind].set(name, subscribers.add(subscriber));
      const word = kind === "channel" ? "subscribe" : "psubscribe";
      return push([bulk(word), bulk(name), integer(count(subscriber))]);
    },
    unsubscribe(subscriber, kind, names) {
      const word = kind === "channel" ? "unsubscribe" : "punsubscribe";
      const targets = names.length > 0 ? names : [...(subscriptionsOf[kind].get(subscriber) ?? [])];
      if (targets.length === 0) return [push([bulk(word), bulk(null), integer(count(subscriber))])];
      return targets.map((name) => {
        remove(subscriber, kind, name);
        return push([bulk(word), bulk(name), integer(count(subscriber))]);
      });
    },
    count,
    drop(subscriber) {
      for (const kind of ["channel", "pattern"] as const) {
        for (const name of subscriptionsOf[kind].get(subscriber) ?? []) remove(subscriber, kind, name);
      }
    },
    names: (kind) => [...topics[kind].keys()],
    subscribers: (kind, name) => topics[kind].get(name)?.size ?? 0,
  };
}
