/** A look inside a server for tests and invariants. */
import { toBytes, toText } from "./bytes.js";
import type { Core } from "./core.js";
import type { ValueType } from "./database.js";

export interface RedisInspection {
  /** Keys of one database that have not expired, in a deterministic order. @param database @default 0 */
  keys(database?: number): string[];
  type(key: string, database?: number): ValueType | undefined;
  /** How many sessions listen to a channel, without patterns. */
  subscribers(channel: string): number;
  readonly sessions: number;
  /** Sessions that wait in a blocking command. */
  readonly blocked: number;
  /** How often each command ran since the start or CONFIG RESETSTAT, by lower-case name. */
  calls(): Record<string, number>;
}

export function createInspection(core: Core): RedisInspection {
  return {
    keys: (database = 0) => core.database(database).keys().map(toText),
    type: (key, database = 0) => core.database(database).type(toBytes(key)),
    subscribers: (channel) => core.pubsub.subscribers("channel", toBytes(channel)),
    get sessions() {
      return core.sessions.size;
    },
    get blocked() {
      return core.blocking.count;
    },
    calls: () => Object.fromEntries(core.calls),
  };
}
