/**
 * Socket.IO 4, as far as the dashboard uses it: the default namespace, text events, no acknowledgements. How frames
 * travel is not said here: see polling.ts.
 *
 * The dashboard asks for nothing and listens for everything, so its sockets get every event of the tenant.
 */
import { isPlainObject } from "../../shared/index.js";
import {
  allUpdates,
  payloadOf,
  type ClientMessage,
  type Dialect,
  type Entry,
  type ServerNotice,
} from "./messages.js";
import { payloadMax } from "./polling.js";

const pingIntervalMs = 25_000;
const pingTimeoutMs = 20_000;

/** Creates the dialect; frames of an entry are built once for all sockets. */
export function createSocketIoDialect(): Dialect {
  const built = new WeakMap<Entry, readonly string[]>();
  return {
    read,
    event: (entry) => {
      const frames = built.get(entry) ?? framesOf(entry);
      built.set(entry, frames);
      return frames;
    },
    notice,
    greeting: (sid, upgrades) => [
      `0${JSON.stringify({
        sid,
        upgrades,
        pingInterval: pingIntervalMs,
        pingTimeout: pingTimeoutMs,
        maxPayload: payloadMax,
      })}`,
    ],
    standing: [{ topic: allUpdates, experimentId: undefined }],
    authenticatesOnOpen: false,
    snapshot: (experiments) => emit("experiments:update", { experiments }),
    keepAlive: { frame: "2", everyMs: pingIntervalMs },
  };
}

function framesOf(entry: Entry): string[] {
  const { event, position } = entry;
  const payload = payloadOf(entry);
  const timestamp = new Date(event.created_at).toISOString();
  const about = { seq: event.seq, position, timestamp };
  const frames = [
    emit("message", { type: "experiment.update", payload, ...about }),
    emit(`experiment:${event.experiment_id}`, {
      experiment: payload.experiment,
      event: shortName(entry),
      ...about,
    }),
  ];
  if (event.to_state === "failed") {
    const text = `Experiment failed: ${event.reason}`;
    frames.push(
      emit("system:alert", {
        severity: "error",
        message: text,
        experiment_id: event.experiment_id,
        timestamp,
      }),
    );
  }
  if (event.to_state === "completed") {
    const text = `Experiment completed: ${event.reason}`;
    frames.push(
      emit("system:notification", { message: text, experiment_id: event.experiment_id, timestamp }),
    );
  }
  return frames;
}

function shortName({ event }: Entry): string {
  return event.to_state === "completed" || event.to_state === "failed"
    ? "analysis_complete"
    : "status_changed";
}

function notice(serverNotice: ServerNotice): string | undefined {
  if (serverNotice.kind === "pong") return "3";
  if (serverNotice.kind === "authenticated") return `40${JSON.stringify({ sid: serverNotice.sessionId })}`;
  if (serverNotice.kind === "error")
    return `44${JSON.stringify({ message: serverNotice.message, data: { code: serverNotice.code } })}`;
  return undefined;
}

// 2 is a ping, 40 opens the namespace with credentials, 41 leaves it, 42 is an event.
function read(text: string): ClientMessage {
  if (text === "2") return { kind: "ping" };
  if (!text.startsWith("40")) return { kind: "ignored" };
  const auth = parse(text.slice(2));
  const token = isPlainObject(auth) ? auth["token"] : undefined;
  return { kind: "auth", token: typeof token === "string" ? token : "" };
}

function parse(text: string): unknown {
  try {
    return text === "" ? {} : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function emit(name: string, payload: unknown): string {
  return `42${JSON.stringify([name, payload])}`;
}
