/** Publish and subscribe: at most once, to whoever listens now, channels before patterns. */
import type { Bytes } from "./bytes.js";
import { matchesGlob } from "./glob.js";
import { bulk, integer, push, type RedisReply } from "./reply.js";

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
  const own = {
    channel: new Map<Subscriber, Set<Bytes>>(),
    pattern: new Map<Subscriber, Set<Bytes>>(),
  };

  const count = (subscriber: Subscriber): number =>
    (own.channel.get(subscriber)?.size ?? 0) + (own.pattern.get(subscriber)?.size ?? 0);

  function remove(subscriber: Subscriber, kind: SubscriptionKind, name: Bytes): void {
    own[kind].get(subscriber)?.delete(name);
    if (own[kind].get(subscriber)?.size === 0) own[kind].delete(subscriber);
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
      const names = own[kind].get(subscriber) ?? new Set();
      own[kind].set(subscriber, names.add(name));
      const subscribers = topics[kind].get(name) ?? new Set();
      topics[kind].set(name, subscribers.add(subscriber));
      const word = kind === "channel" ? "subscribe" : "psubscribe";
      return push([bulk(word), bulk(name), integer(count(subscriber))]);
    },
    unsubscribe(subscriber, kind, names) {
      const word = kind === "channel" ? "unsubscribe" : "punsubscribe";
      const targets = names.length > 0 ? names : [...(own[kind].get(subscriber) ?? [])];
      if (targets.length === 0) return [push([bulk(word), bulk(null), integer(count(subscriber))])];
      return targets.map((name) => {
        remove(subscriber, kind, name);
        return push([bulk(word), bulk(name), integer(count(subscriber))]);
      });
    },
    count,
    drop(subscriber) {
      for (const kind of ["channel", "pattern"] as const) {
        for (const name of own[kind].get(subscriber) ?? []) remove(subscriber, kind, name);
      }
    },
    names: (kind) => [...topics[kind].keys()],
    subscribers: (kind, name) => topics[kind].get(name)?.size ?? 0,
  };
}
