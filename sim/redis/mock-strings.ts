/**
 * String values, kept in the keyspace of ioredis-mock.
 *
 * What the mock does here is hold plain string values, one instance per server and database. What it
 * does not: its command methods answer through promises (a transaction or a script needs the answer at
 * once) and only a third of them answer as Redis does; its other types copy the whole value at each access
 * and sort integer-like fields to the front. Commands, expiry and all other types are therefore ours.
 *
 * The mock's keyspaces live in a map of its own module, by host name, and cannot be deleted. So each
 * store takes a host name that nobody else uses, and gives the emptied instance back for the next one.
 */
import type RedisMockClass from "ioredis-mock";

import { loadPackage } from "../load-package.js";
import type { Bytes } from "./bytes.js";

export interface StringStore {
  get(key: Bytes): Bytes | undefined;
  set(key: Bytes, value: Bytes): void;
  delete(key: Bytes): void;
  clear(): void;
  /** Empties the store and gives its keyspace back. The store must not be used afterwards. */
  dispose(): void;
}

interface MockKeyspace {
  readonly data: {
    get(key: string): unknown;
    has(key: string): boolean;
    set(key: string, value: string): void;
    delete(key: string): void;
    clear(): void;
  };
}

const free: MockKeyspace[] = [];
let created = 0;

function take(): MockKeyspace {
  const used = free.pop();
  if (used !== undefined) return used;
  created += 1;
  const RedisMock = loadPackage("ioredis-mock") as typeof RedisMockClass;
  const mock: unknown = new RedisMock({ host: `phoenix-sim-${created}`, lazyConnect: true });
  return mock as MockKeyspace;
}

// The mock keeps keys as properties of one plain object; a prefix keeps names such as __proto__ harmless.
const prefix = "s:";

export function createStringStore(): StringStore {
  let keyspace: MockKeyspace | undefined;
  return {
    get(key) {
      const value = keyspace?.data.get(prefix + key);
      return typeof value === "string" ? value : undefined;
    },
    set(key, value) {
      keyspace ??= take();
      keyspace.data.set(prefix + key, value);
    },
    delete: (key) => keyspace?.data.delete(prefix + key),
    clear: () => keyspace?.data.clear(),
    dispose() {
      if (keyspace === undefined) return;
      keyspace.data.clear();
      free.push(keyspace);
      keyspace = undefined;
    },
  };
}
