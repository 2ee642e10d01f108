/** Plain JSON frames, in all the shapes that clients of several generations send. */
import { isPlainObject } from "../../shared/index.js";
import {
  allUpdates,
  eventName,
  payloadOf,
  type ClientMessage,
  type Dialect,
  type Entry,
  type ServerNotice,
  type Subscription,
} from "./messages.js";

/** Subscriptions of one frame. */
const topicsMax = 100;

/** Creates the dialect; frames of an entry are built once for all sockets. */
export function createRawDialect(): Dialect {
  const built = new WeakMap<Entry, readonly string[]>();
  return {
    read,
    event: (entry) => {
      const frames = built.get(entry) ?? [JSON.stringify(frameOf(entry))];
      built.set(entry, frames);
      return frames;
    },
    notice,
    greeting: () => [],
    standing: [],
    authenticatesOnOpen: true,
    snapshot: undefined,
    keepAlive: undefined,
  };
}

function frameOf(entry: Entry): Record<string, unknown> {
  const { event, position } = entry;
  const payload = payloadOf(entry);
  return {
    type: "experiment.update",
    event: eventName(event),
    topic: allUpdates,
    experiment_id: event.experiment_id,
    state: event.to_state,
    seq: event.seq,
    position,
    timestamp: new Date(event.created_at).toISOString(),
    payload,
    data: payload,
  };
}

function notice(serverNotice: ServerNotice, nowMs: number): string {
  const timestamp = new Date(nowMs).toISOString();
  switch (serverNotice.kind) {
    case "error":
      return JSON.stringify({
        type: "error",
        code: serverNotice.code,
        message: serverNotice.message,
        error: serverNotice.message,
        timestamp,
      });
    case "subscribed":
    case "unsubscribed":
      return JSON.stringify({
        type: serverNotice.kind,
        event: serverNotice.topics[0] ?? "",
        topics: serverNotice.topics,
        position: serverNotice.position,
        timestamp,
      });
    case "moved": {
      const message = `position ${serverNotice.from} is beyond the end, which is ${serverNotice.position}: events from there on follow`;
      const about = { code: "POSITION_BEYOND_END", message, error: message, position: serverNotice.position };
      return JSON.stringify({ type: "error", ...about, timestamp });
    }
    case "authenticated":
    case "pong":
      return JSON.stringify({ type: serverNotice.kind, timestamp });
  }
  throw new Error("unknown notice");
}

function read(text: string): ClientMessage {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    return { kind: "malformed", problem: "the frame is not valid json" };
  }
  if (!isPlainObject(frame)) return { kind: "malformed", problem: "the frame is not a JSON object" };
  const inner = [frame["payload"], frame["data"]].find(isPlainObject) ?? {};
  const fields = { ...inner, ...frame };
  switch (frame["type"]) {
    case "ping":
      return { kind: "ping" };
    case "auth":
    case "authenticate": {
      const token = fields["token"];
      if (typeof token !== "string") return { kind: "malformed", problem: "auth needs a token" };
      return { kind: "auth", token };
    }
    case "subscribe":
      return subscribe(fields);
    case "unsubscribe":
      return { kind: "unsubscribe", subscriptions: subscriptionsOf(fields) };
    default:
      return { kind: "ignored" };
  }
}

function subscribe(fields: Record<string, unknown>): ClientMessage {
  const since = fields["since"] ?? fields["last_position"];
  if (since !== undefined && !(Number.isSafeInteger(since) && Number(since) >= 0)) {
    return { kind: "malformed", problem: "since must be a position, a whole number from 0" };
  }
  return {
    kind: "subscribe",
    subscriptions: subscriptionsOf(fields),
    since: since === undefined ? undefined : Number(since),
  };
}

function subscriptionsOf(fields: Record<string, unknown>): Subscription[] {
  const filters = isPlainObject(fields["filters"]) ? fields["filters"] : {};
  const id =
    fields["experiment_id"] ?? fields["experimentId"] ?? filters["experiment_id"] ?? filters["experimentId"];
  const experimentId = typeof id === "string" && id !== "" ? id : undefined;
  const many = [fields["channels"], fields["topics"], fields["events"]].find(Array.isArray) ?? [];
  const single = ["event", "topic", "channel"].map((name) => fields[name]);
  const topics = [...many, ...single].filter(
    (topic): topic is string => typeof topic === "string" && topic !== "",
  );
  // An experiment without a topic means everything about it.
  if (topics.length === 0) topics.push(allUpdates);
  return [...new Set(topics)].slice(0, topicsMax).map((topic) => ({ topic, experimentId }));
}
