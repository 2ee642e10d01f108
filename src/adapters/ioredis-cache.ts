/** The cache port over `ioredis`: one connection for commands, one for everything subscribed to. */
import { Redis } from "ioredis";

import type { Cache } from "../ports/index.js";

export interface IoredisCache extends Cache {
  close(): void;
}

/** @param url - Such as `redis://127.0.0.1:6379`. @param onError - Gets errors of connections, which are made again. */
export function createIoredisCache(url: string, onError: (error: Error) => void = () => {}): IoredisCache {
  const commands = new Redis(url, { maxRetriesPerRequest: 2 });
  const subscriber = new Redis(url, { lazyConnect: true });
  const listeners = new Map<string, Set<(message: string) => void>>();
  commands.on("error", onError);
  subscriber.on("error", onError);
  subscriber.on("message", (channel: string, message: string) => {
    for (const listener of listeners.get(channel) ?? []) listener(message);
  });

  return {
    get: async (key) => commands.get(key),
    async set(key, value, ttlMs) {
      await commands.set(key, value, "PX", ttlMs);
    },
    del: async (...keys) => commands.del(...keys),
    publish: async (channel, message) => commands.publish(channel, message),
    subscribe(channel, onMessage) {
      const known = listeners.get(channel) ?? new Set();
      if (known.size === 0) {
        listeners.set(channel, known);
        subscriber.subscribe(channel).catch(onError);
      }
      known.add(onMessage);
      return () => {
        known.delete(onMessage);
        if (known.size > 0 || !listeners.delete(channel)) return;
        subscriber.unsubscribe(channel).catch(onError);
      };
    },
    close() {
      commands.disconnect();
      subscriber.disconnect();
    },
  };
}
