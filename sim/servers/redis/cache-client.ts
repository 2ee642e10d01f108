/**
 * The cache port over a connection that the world makes: each command is a request and a reply between hosts.
 *
 * Commands go over one connection, opened at first use and again after a loss; a command in flight when the
 * connection breaks fails, since nobody knows whether it took effect. Subscriptions have a connection of
 * their own (a subscribed one cannot run other commands), kept up for as long as anybody listens.
 */
import type { Cache } from "../../../src/ports/index.js";
import { replyText, toBytes, toText, type RedisReply } from "./reply.js";

interface CacheConnection {
  /** Rejects when the connection broke before the reply came. */
  execute(args: readonly string[]): Promise<RedisReply>;
  close(): void;
}

interface CacheConnectionHandlers {
  onPush(reply: RedisReply): void;
  /** The connection is gone and was not closed from here. */
  onLost(): void;
}

export interface CacheClientOptions {
  /** Opens a connection. Rejects with a Node `code` such as `ECONNREFUSED`. */
  connect(handlers: CacheConnectionHandlers): Promise<CacheConnection>;
  /** The client's own clock: waits between attempts to reconnect the subscriptions. */
  setTimer(delayMs: number, label: string, run: () => void): () => void;
}

/** As ioredis waits by default: 50 ms longer each time, at most two seconds. */
const retryStepMs = 50;
const retryMsMax = 2_000;

export function createCacheClient({ connect, setTimer }: CacheClientOptions): Cache {
  let commands: Promise<CacheConnection> | undefined;

  function commandConnection(): Promise<CacheConnection> {
    if (commands !== undefined) return commands;
    const forget = (): void => {
      if (commands === opened) commands = undefined;
    };
    const opened = connect({ onPush: () => undefined, onLost: forget });
    commands = opened;
    opened.catch(forget);
    return opened;
  }

  async function call(...args: string[]): Promise<RedisReply> {
    const connection = await commandConnection();
    const reply = await connection.execute(args);
    if (reply.kind === "error") throw new Error(reply.text);
    return reply;
  }

  async function count(...args: string[]): Promise<number> {
    const reply = await call(...args);
    return reply.kind === "integer" ? Number(reply.value) : 0;
  }

  const subscriptions = createSubscriptions(connect, setTimer);
  return {
    get: async (key) => replyText(await call("GET", key)),
    async set(key, value, ttlMs) {
      await call("SET", key, value, "PX", String(Math.max(1, Math.round(ttlMs))));
    },
    del: async (...keys) => (keys.length === 0 ? 0 : count("DEL", ...keys)),
    publish: (channel, message) => count("PUBLISH", channel, message),
    subscribe: subscriptions.add,
  };
}

type Listener = (message: string) => void;

function createSubscriptions(
  connect: CacheClientOptions["connect"],
  setTimer: CacheClientOptions["setTimer"],
): { add: Cache["subscribe"] } {
  /** By channel, as bytes: that is how a message names it. */
  const listeners = new Map<string, Set<Listener>>();
  let connection: CacheConnection | undefined;
  let connecting = false;
  let attempts = 0;
  let cancelRetry: (() => void) | undefined;

  function onPush(reply: RedisReply): void {
    if (reply.kind !== "array" || reply.items === null) return;
    const [word, channel, message] = reply.items.map((item) => (item.kind === "bulk" ? item.value : null));
    if (word !== "message" || typeof channel !== "string" || typeof message !== "string") return;
    for (const listener of listeners.get(channel) ?? []) listener(toText(message));
  }

  function retry(): void {
    connection = undefined;
    if (listeners.size === 0 || cancelRetry !== undefined) return;
    attempts += 1;
    const delayMs = Math.min(attempts * retryStepMs, retryMsMax);
    cancelRetry = setTimer(delayMs, "redis-resubscribe", () => {
      cancelRetry = undefined;
      open();
    });
  }

  function open(): void {
    if (connecting || connection !== undefined || cancelRetry !== undefined || listeners.size === 0) return;
    connecting = true;
    let lost = false;
    const onLost = (): void => {
      lost = true;
      if (connection !== undefined) retry();
    };
    connect({ onPush, onLost }).then(
      (opened) => {
        connecting = false;
        if (lost) return retry();
        connection = opened;
        attempts = 0;
        if (listeners.size === 0) return closeIdle();
        for (const channel of listeners.keys()) sendCommand("SUBSCRIBE", channel);
        return undefined;
      },
      () => {
        connecting = false;
        retry();
      },
    );
  }

  /** A failure here means that the connection is lost, which `onLost` hears of as well. */
  function sendCommand(word: "SUBSCRIBE" | "UNSUBSCRIBE", channel: string): void {
    connection?.execute([word, toText(channel)]).catch(() => undefined);
  }

  function closeIdle(): void {
    connection?.close();
    connection = undefined;
    cancelRetry?.();
    cancelRetry = undefined;
  }

  return {
    add(channel, onMessage) {
      const name = toBytes(channel);
      // One entry for each call, so that a function given twice hears twice and ends one by one.
      const listener: Listener = (message) => onMessage(message);
      const known = listeners.get(name);
      listeners.set(name, (known ?? new Set()).add(listener));
      if (known === undefined) {
        if (connection === undefined) open();
        else sendCommand("SUBSCRIBE", name);
      }
      return () => {
        const set = listeners.get(name);
        if (set?.delete(listener) !== true || set.size > 0) return;
        listeners.delete(name);
        if (listeners.size === 0) closeIdle();
        else sendCommand("UNSUBSCRIBE", name);
      };
    },
  };
}
