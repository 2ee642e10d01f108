/** One connection to the server: its state, and the order of its commands while one of them waits. */
import { toBytes, type Bytes } from "./bytes.js";
import type { CommandResult, Context } from "./command.js";
import { unwatch } from "./commands/transactions.js";
import type { Core, SessionState } from "./core.js";
import { dispatch } from "./dispatch.js";
import { error, OK, type Protocol, type RedisReply } from "./reply.js";
import { plain } from "./resp.js";

/** A connection as its client sees it. */
export interface RedisSession {
  readonly id: number;
  /** False after QUIT, `close`, a crash or CLIENT KILL. */
  readonly open: boolean;
  /**
   * Runs one command; text is sent as UTF-8. The reply comes at once, or as a promise when the command
   * waits (BLPOP, XREAD BLOCK ...) or stands behind one that does. When the connection goes, such a promise
   * never settles; a command given later gets an error reply.
   */
  execute(args: readonly (string | Uint8Array)[]): RedisReply | Promise<RedisReply>;
  close(): void;
}

/** A session for the wire, where words are bytes already. */
export interface WireSession extends RedisSession {
  /** Version that the client has chosen by HELLO. */
  readonly protocol: Protocol;
  /** Answers of both versions of the protocol, as they are. */
  executeBytes(words: readonly Bytes[]): RedisReply | Promise<RedisReply>;
}

export interface ConnectOptions {
  /** As CLIENT SETNAME sets it. */
  readonly name?: string;
  /** Messages, and all but the last confirmation of a SUBSCRIBE to several channels. */
  readonly onPush?: (reply: RedisReply) => void;
  /** The server ended the connection: QUIT, a crash, CLIENT KILL. Not after `close`. */
  readonly onClose?: () => void;
}

type Shape = (reply: RedisReply) => RedisReply;

interface Queued {
  readonly words: readonly Bytes[];
  readonly shape: Shape;
  answer(reply: RedisReply): void;
}

const asItIs: Shape = (reply) => reply;

export function createSession(core: Core, id: number, options: ConnectOptions): WireSession {
  let open = true;
  let waiting = false;
  const queued: Queued[] = [];

  function end(byServer: boolean): void {
    if (!open) return;
    open = false;
    queued.length = 0;
    core.sessions.delete(id);
    core.pubsub.drop(state);
    core.blocking.drop(state);
    unwatch(core, state);
    if (byServer) options.onClose?.();
  }

  const state: SessionState = {
    id,
    connectedAt: core.clock.now(),
    name: toBytes(options.name ?? ""),
    database: 0,
    protocol: 2,
    queue: null,
    queueBroken: false,
    watchBroken: false,
    watched: [],
    lastCommand: "",
    push(reply) {
      if (open) options.onPush?.(state.protocol === 2 ? plain(reply) : reply);
    },
    close: () => end(true),
  };

  const context: Context = {
    core,
    session: state,
    get db() {
      return core.database(state.database);
    },
    get now() {
      return Math.floor(core.clock.now());
    },
    mayBlock: true,
    inScript: false,
  };

  function run(words: readonly Bytes[], shape: Shape): CommandResult {
    if (words[0]?.toLowerCase() === "quit") {
      end(true);
      return OK;
    }
    const reply = dispatch(context, words);
    return reply instanceof Promise ? hold(reply, shape) : shape(reply);
  }

  function hold(reply: Promise<RedisReply>, shape: Shape): Promise<RedisReply> {
    waiting = true;
    return reply.then((value) => {
      waiting = false;
      // After this answer has been taken, so that answers keep the order of their commands.
      queueMicrotask(drain);
      return shape(value);
    });
  }

  function drain(): void {
    const next = open && !waiting ? queued.shift() : undefined;
    if (next === undefined) return;
    const reply = run(next.words, next.shape);
    if (reply instanceof Promise) void reply.then(next.answer);
    else next.answer(reply);
    // One that waits goes on from `hold`.
    if (!(reply instanceof Promise)) drain();
  }

  function executeBytes(words: readonly Bytes[], shape: Shape = asItIs): RedisReply | Promise<RedisReply> {
    if (!open) return error("ERR connection is closed");
    if (!waiting && queued.length === 0) return run(words, shape);
    return new Promise<RedisReply>((answer) => queued.push({ words, shape, answer }));
  }

  const forClient = (reply: RedisReply): RedisReply => (state.protocol === 2 ? plain(reply) : reply);

  core.sessions.set(id, state);
  return {
    id,
    get open() {
      return open;
    },
    get protocol() {
      return state.protocol;
    },
    execute: (args) => executeBytes(args.map(toBytes), forClient),
    executeBytes: (words) => executeBytes(words),
    close: () => end(false),
  };
}
