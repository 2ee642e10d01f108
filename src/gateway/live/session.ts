/**
 * One open socket: who it is, what it wants, and how far it has been sent.
 *
 * A session is a place in the order of events that moves forward. Subscribing late, or coming back, only sets
 * the place; what follows is sent in order, each event once.
 */
import type { Clock, Logger, ServerSocket } from "../../ports/index.js";
import { errorText } from "../../shared/index.js";
import type { Identity, TenantGuard, Tokens } from "../access.js";
import type { EventFeed } from "./event-feed.js";
import { wants, type Dialect, type Entry, type ServerNotice, type Subscription } from "./messages.js";

export interface Session {
  /** Tells everything that has become known. */
  advance(): void;
  /** Takes one frame of the client. */
  receive(text: string): void;
  /** Sends what keeps the connection up, if the dialect has such a thing. */
  keepAlive(): void;
  close(code: number, reason: string): void;
}

/** What a session is made of. */
export interface SessionParts {
  readonly socket: ServerSocket;
  readonly dialect: Dialect;
  readonly feed: EventFeed;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tokens: Tokens;
  readonly guard: TenantGuard;
  readonly options: {
    readonly socketBufferMax: number;
    readonly socketBacklogMax: number;
    readonly eventPollMs: number;
    readonly answerTimeoutMs: number;
  };
  /** Token of the upgrade request; may be empty. */
  readonly token: string;
  /** Place the client has seen already; undefined to begin now. */
  readonly since: number | undefined;
  /** Epoch milliseconds by the clock of the database; undefined when that is unknown. */
  readonly databaseNow: () => number | undefined;
  /** Unique among sockets. */
  readonly id: string;
  /** Transports that the client may change to. */
  readonly upgrades: readonly string[];
  /** What a client of this tenant sees as the list of experiments. */
  readonly snapshot: (identity: Identity) => Promise<readonly unknown[]>;
}

/** The client was too slow: it may come back and say `since`. */
const tooSlow = 4008;
/** The token is wrong. */
const unauthorized = 4401;

// An event carries the time at which its request began, and is committed as much later as an answer may take.
const commitSlackMs = 5_000;

// The first wish also covers what happened shortly before: it may have been overtaken by a request.
const reachBackMs = 10_000;

const drainStepMs = 100;
const drainStepsMax = 100;

/** Begins a session. */
export function createSession(parts: SessionParts): Session {
  const { socket, dialect, feed, clock, tokens, guard, options } = parts;
  const openedAtMs = parts.databaseNow();
  let identity: Identity | undefined;
  let subscriptions: Subscription[] = [...dialect.standing];
  let subscribed = subscriptions.length > 0;
  let cursor = parts.since ?? feed.position;
  // Without a place of its own a session must not be sent what happened before it was opened.
  let oldestMs = parts.since === undefined ? concerns(openedAtMs) : undefined;
  let delivering = false;
  // Something became known while the last of it was still being sent.
  let again = false;
  let closed = false;
  // Not before the end: a feed may be behind others that the client has heard.
  let checkedPlace: number | undefined;

  /** Time of the oldest event that may have been committed at a time or later. */
  function concerns(committedMs: number | undefined): number | undefined {
    return committedMs === undefined ? undefined : committedMs - options.answerTimeoutMs - commitSlackMs;
  }

  function close(code: number, reason: string): void {
    if (closed) return;
    closed = true;
    socket.close(code, reason);
  }

  function send(frame: string | undefined): void {
    if (frame === undefined || closed) return;
    if (socket.bufferedAmount > options.socketBufferMax) {
      close(tooSlow, `too slow, come back with since=${cursor ?? 0}`);
    } else socket.send(frame);
  }

  const notify = (notice: ServerNotice): void => send(dialect.notice(notice, clock.now()));

  /** @returns Whether it was sent to the client. */
  function deliver(entry: Entry): boolean {
    const { event } = entry;
    const old = oldestMs !== undefined && event.created_at < oldestMs;
    const wanted = subscriptions.some((subscription) => wants(subscription, event));
    const seen = !old && wanted && identity !== undefined && guard(identity, event);
    if (seen) for (const frame of dialect.event(entry)) send(frame);
    // Not before it is sent: the reason of a close names the last place that was sent.
    cursor = entry.position;
    return seen;
  }

  // Before the first wish nobody knows yet what to tell.
  const listening = (): boolean => !closed && identity !== undefined && subscriptions.length > 0;

  async function next(from: number): Promise<readonly Entry[]> {
    const known = feed.recent(from);
    if (known !== undefined) return known;
    // Only what is not in memory is waited for, and only while the client keeps up.
    for (let step = 0; socket.bufferedAmount > options.socketBufferMax / 2; step += 1) {
      if (closed) return [];
      if (step === drainStepsMax) close(tooSlow, `too slow, come back with since=${from}`);
      await new Promise<void>((resolve) => {
        clock.setTimer(drainStepMs, "socket-drain", resolve);
      });
    }
    return feed.after(from);
  }

  // A place beyond the end comes from another database, or from nowhere: nothing will ever follow it.
  async function checkPlace(): Promise<void> {
    const place = cursor;
    if (place === undefined || place === checkedPlace || place <= (feed.position ?? Infinity)) return;
    const last = await feed.last();
    checkedPlace = place;
    if (cursor !== place || place <= last) return;
    cursor = last;
    notify({ kind: "moved", from: place, position: last });
  }

  async function catchUp(): Promise<boolean> {
    let delivered = false;
    if (listening()) await checkPlace();
    while (listening() && feed.position !== undefined) {
      cursor = skipOld(cursor ?? feed.position, feed, oldestMs);
      if (cursor >= feed.position) break;
      const entries = await next(cursor);
      if (entries.length === 0) break;
      // A wish may have moved the place meanwhile; then these do not follow it, and the loop reads again.
      for (const entry of entries)
        if (!closed && entry.position === cursor + 1) delivered = deliver(entry) || delivered;
    }
    return delivered;
  }

  async function sendSnapshot(): Promise<void> {
    if (identity === undefined || dialect.snapshot === undefined || closed) return;
    send(dialect.snapshot(await parts.snapshot(identity)));
  }

  async function advance(): Promise<void> {
    again = true;
    if (delivering) return;
    delivering = true;
    try {
      while (again) {
        again = false;
        if (await catchUp()) await sendSnapshot();
      }
    } catch (error) {
      parts.logger.warn("a socket waits for events", { error: errorText(error) });
      clock.setTimer(options.eventPollMs, "socket-retry", () => void advance());
    } finally {
      delivering = false;
    }
  }

  function authenticate(token: string): void {
    try {
      identity = tokens.verify(token);
    } catch (error) {
      notify({ kind: "error", code: "AUTHENTICATION_ERROR", message: errorText(error) });
      close(unauthorized, errorText(error));
      return;
    }
    notify({ kind: "authenticated", sessionId: parts.id });
    void sendSnapshot().catch(() => undefined);
    void advance();
  }

  function subscribe(asked: readonly Subscription[], since: number | undefined): void {
    if (identity === undefined) {
      notify({
        kind: "error",
        code: "AUTHENTICATION_ERROR",
        message: "authenticate first; the wish is remembered",
      });
    }
    if (since !== undefined) {
      cursor = since;
      oldestMs = undefined;
    } else if (subscriptions.length === 0 && parts.since === undefined) {
      const nowMs = parts.databaseNow();
      if (subscribed) cursor = feed.position;
      if (nowMs !== undefined) oldestMs = concerns(Math.max(openedAtMs ?? 0, nowMs - reachBackMs));
    }
    subscribed = true;
    subscriptions = [...without(subscriptions, asked), ...asked].slice(-options.socketBacklogMax);
    const topics = asked.map(({ topic }) => topic);
    notify({ kind: "subscribed", topics, position: cursor ?? feed.position ?? 0 });
    void advance();
  }

  function unsubscribe(asked: readonly Subscription[]): void {
    subscriptions = without(subscriptions, asked);
    const topics = asked.map(({ topic }) => topic);
    notify({ kind: "unsubscribed", topics, position: cursor ?? 0 });
  }

  for (const frame of dialect.greeting(parts.id, parts.upgrades)) send(frame);
  if (parts.token !== "" && dialect.authenticatesOnOpen) authenticate(parts.token);

  return {
    advance: () => {
      // A session that came before the first look begins where that look did.
      cursor ??= feed.begin;
      void advance();
    },
    close,
    keepAlive: () => send(dialect.keepAlive?.frame),
    receive: (text) => {
      const message = dialect.read(text);
      if (message.kind === "auth") authenticate(message.token === "" ? parts.token : message.token);
      else if (message.kind === "ping") notify({ kind: "pong" });
      else if (message.kind === "subscribe") subscribe(message.subscriptions, message.since);
      else if (message.kind === "unsubscribe") unsubscribe(message.subscriptions);
      else if (message.kind === "malformed") {
        notify({ kind: "error", code: "VALIDATION_ERROR", message: message.problem });
      }
    },
  };
}

// Nothing before the oldest event in memory concerns a session, if that one is too old for it already.
function skipOld(cursor: number, { oldest }: EventFeed, oldestMs: number | undefined): number {
  if (oldest === undefined || oldestMs === undefined || oldest.event.created_at >= oldestMs) return cursor;
  return Math.max(cursor, oldest.position - 1);
}

function without(from: readonly Subscription[], gone: readonly Subscription[]): Subscription[] {
  return from.filter(
    (known) =>
      !gone.some(({ topic, experimentId }) => topic === known.topic && experimentId === known.experimentId),
  );
}
