/** A cache whose messages arrive at once. */
import type { Cache } from "../../../../src/ports/index.js";

export interface MemoryCache extends Cache {
  /** Whether messages get lost. */
  lossy: boolean;
}

export function createMemoryCache(): MemoryCache {
  const values = new Map<string, string>();
  const listeners = new Map<string, Set<(message: string) => void>>();
  const cache: MemoryCache = {
    lossy: false,
    get: async (key) => values.get(key) ?? null,
    set: async (key, value) => void values.set(key, value),
    del: async (...keys) => keys.filter((key) => values.delete(key)).length,
    publish: async (channel, message) => {
      const heard = [...(listeners.get(channel) ?? [])];
      if (!cache.lossy) for (const listener of heard) listener(message);
      return heard.length;
    },
    subscribe: (channel, onMessage) => {
      const known = listeners.get(channel) ?? new Set();
      listeners.set(channel, known.add(onMessage));
      return () => void known.delete(onMessage);
    },
  };
  return cache;
}
