/** MULTI, EXEC, DISCARD, WATCH. The commands in between are queued by dispatch.ts. */
import type { CommandTable, Context, Core, SessionState } from "../command.js";
import { NULL_ARRAY, OK, RedisError, array, type Bytes, type RedisReply } from "../reply.js";

const watchName = (database: number, key: Bytes): string => `${database}:${key}`;

function watch({ core, session, db }: Context, keys: readonly Bytes[]): RedisReply {
  if (session.queue !== null) throw new RedisError("ERR WATCH inside MULTI is not allowed");
  for (const key of keys) {
    const name = watchName(db.index, key);
    // Looking removes a key that has expired: its removal later on must not count as a change.
    db.type(key);
    session.watched.push({ database: db.index, key });
    const watchers = core.watchers.get(name) ?? new Set();
    core.watchers.set(name, watchers.add(session));
  }
  return OK;
}

/** Ends all watches of a session. */
export function unwatch(core: Core, session: SessionState): void {
  for (const { database, key } of session.watched) {
    const name = watchName(database, key);
    core.watchers.get(name)?.delete(session);
    if (core.watchers.get(name)?.size === 0) core.watchers.delete(name);
  }
  session.watched = [];
  session.watchBroken = false;
}

/** Marks every session that watches the key: its EXEC will answer null. */
export function breakWatches(core: Core, database: number, key: Bytes): void {
  if (core.watchers.size === 0) return;
  for (const session of core.watchers.get(watchName(database, key)) ?? []) session.watchBroken = true;
}

/** Forgets the queue and the watches. */
export function leaveTransaction(core: Core, session: SessionState): void {
  session.queue = null;
  session.queueBroken = false;
  unwatch(core, session);
}

function multi({ session }: Context): RedisReply {
  if (session.queue !== null) throw new RedisError("ERR MULTI calls can not be nested");
  session.queue = [];
  session.queueBroken = false;
  return OK;
}

function exec(context: Context, run: (context: Context, words: readonly Bytes[]) => RedisReply): RedisReply {
  const { core, session } = context;
  const { queue, queueBroken } = session;
  if (queue === null) throw new RedisError("ERR EXEC without MULTI");
  // Looking at a watched key notices that it has expired since, which breaks the watch.
  for (const { database, key } of session.watched) core.database(database).type(key);
  const { watchBroken } = session;
  leaveTransaction(core, session);
  if (queueBroken) throw new RedisError("EXECABORT Transaction discarded because of previous errors.");
  if (watchBroken) return NULL_ARRAY;
  return array(queue.map((words) => run(context, words)));
}

/** @param run - Runs one queued command without waiting; its errors become replies. */
export function transactionCommands(
  run: (context: Context, words: readonly Bytes[]) => RedisReply,
): CommandTable {
  return {
    multi: [1, "msx", multi],
    exec: [1, "ms", (context) => exec(context, run)],
    discard: [
      1,
      "ms",
      ({ core, session }) => {
        if (session.queue === null) throw new RedisError("ERR DISCARD without MULTI");
        leaveTransaction(core, session);
        return OK;
      },
    ],
    watch: [-2, "ms", (context, args) => watch(context, args)],
    unwatch: [
      1,
      "s",
      ({ core, session }) => {
        unwatch(core, session);
        return OK;
      },
    ],
  };
}
