/** A client of the platform's WebSockets that keeps what it hears. */
import type { Phoenix } from "phoenix-sim";

export interface Frame {
  readonly type: string;
  readonly event?: string;
  readonly topic?: string;
  readonly seq?: number;
  readonly position?: number;
  readonly timestamp?: string;
  readonly code?: string;
  readonly payload?: { readonly experiment_id: string; readonly state: string; readonly experiment?: object };
  readonly data?: unknown;
}

export interface Listener {
  readonly socket: WebSocket;
  readonly frames: readonly Frame[];
  /** Frames as they came. */
  readonly texts: readonly string[];
  readonly closes: readonly { readonly code: number; readonly reason: string }[];
  send(frame: unknown): void;
  /** States told of an experiment, in the order they came. */
  states(id: string): readonly string[];
}

/** Opens a socket and waits until it is open, or refused. @param path - With its query. */
export async function listen(
  phoenix: Phoenix,
  path: string,
  protocols: readonly string[] = [],
): Promise<Listener> {
  const socket = new phoenix.WebSocket(`ws://gateway:8080${path}`, [...protocols]);
  const texts: string[] = [];
  const frames: Frame[] = [];
  const closes: { code: number; reason: string }[] = [];
  socket.addEventListener("message", ({ data }) => {
    texts.push(String(data));
    if (String(data).startsWith("{")) frames.push(JSON.parse(String(data)) as Frame);
  });
  socket.addEventListener("close", ({ code, reason }) => closes.push({ code, reason }));
  await phoenix.until(() => socket.readyState !== socket.CONNECTING, { within: "10s" });
  return {
    socket,
    frames,
    texts,
    closes,
    send: (frame) => socket.send(typeof frame === "string" ? frame : JSON.stringify(frame)),
    states: (id) =>
      frames
        .filter(({ payload }) => payload?.experiment_id === id)
        .map(({ payload }) => payload?.state ?? ""),
  };
}

/** Logs in. @returns The token. */
export async function tokenOf(
  phoenix: Phoenix,
  email = "admin@phoenix.io",
  password = "admin123",
): Promise<string> {
  return (await phoenix.client.login(email, password)).token;
}

/** Runs one experiment to its end. @returns Its id. */
export async function runOne(phoenix: Phoenix, name = "watched"): Promise<string> {
  const { id } = await phoenix.client.createExperiment({ name, config: { duration: "30s" } });
  await phoenix.waitForState(id, "completed", { within: "5m" });
  await phoenix.clock.advance("2s");
  return id;
}

/** States of an experiment that goes well. */
export const whole = ["pending", "initializing", "running", "analyzing", "completed"];
