/**
 * Engine.IO 4 over plain HTTP: the transport that Socket.IO clients begin with. A GET waits for packets, a POST brings
 * some, and a WebSocket that names the session takes its place.
 *
 * Protocol: https://socket.io/docs/v4/engine-io-protocol/. A session lives in one gateway, as in every server of
 * Socket.IO: whoever has several in front of a client must send it to the same one each time.
 */
import type { Clock, HttpRequest, ServerSocket, SocketRequest } from "../../ports/index.js";
import { queryOf, reply, type Reply } from "../http.js";

/** Longest packets of one request, in characters; announced when a session begins. */
export const payloadMax = 524_288;

/** A client that asks for nothing so long is gone: a ping and its time to be answered. */
const silenceMs = 45_000;

const separator = "\u001e";
const packet = { close: "1", pong: "3", noop: "6", probe: "2probe", probed: "3probe", upgrade: "5" } as const;

export interface Polling {
  /** Answers one request of the transport. A GET may wait as long as there is nothing to send. */
  answer(request: HttpRequest): Promise<Reply> | Reply;
  /** Takes a WebSocket that names a session. @returns False when it names none. */
  takeOver(socket: ServerSocket, request: SocketRequest): boolean;
}

/** What polling is made of. */
export interface PollingParts {
  readonly clock: Clock;
  /** @returns An id that nobody has. */
  readonly nextId: () => string;
  /** Begins a session. */
  readonly open: (socket: ServerSocket, request: SocketRequest, id: string) => void;
}

/** @returns Whether a path is that of Socket.IO, below any other. */
export function isPollingPath(path: string): boolean {
  return /\/socket\.io\/?$/.test(path);
}

/** Creates the transport, with no sessions. */
export function createPolling({ clock, nextId, open }: PollingParts): Polling {
  const sessions = new Map<string, PollingSession>();

  function begin(request: HttpRequest): Promise<Reply> {
    const id = nextId();
    const session = createPollingSession(clock, () => sessions.delete(id));
    sessions.set(id, session);
    open(session.socket, request, id);
    return session.poll();
  }

  return {
    answer(request) {
      const { method, url, body } = request;
      const query = queryOf(url);
      if (query.get("transport") !== "polling") return refusal(0, "Transport unknown");
      if (query.get("EIO") !== "4") return refusal(5, "Unsupported protocol version");
      const id = query.get("sid");
      if (id === null) return method === "GET" ? begin(request) : refusal(2, "Bad handshake method");
      const session = sessions.get(id);
      if (session === undefined) return refusal(1, "Session ID unknown");
      if (method === "GET") return session.poll();
      if (body.length > payloadMax) return reply(413, "payload too large");
      session.receive(body);
      return text("ok");
    },
    takeOver(socket, { url }) {
      const id = queryOf(url).get("sid");
      if (id === null) return false;
      const session = sessions.get(id);
      if (session === undefined) socket.close(4400, "session unknown");
      else session.takeOver(socket);
      return true;
    },
  };
}

function refusal(code: number, message: string): Reply {
  return reply(400, { code, message });
}

function text(body: string): Reply {
  return reply(200, body, { "content-type": "text/plain; charset=UTF-8", "cache-control": "no-store" });
}

interface PollingSession {
  readonly socket: ServerSocket;
  poll(): Promise<Reply>;
  receive(body: string): void;
  takeOver(socket: ServerSocket): void;
}

function createPollingSession(clock: Clock, ended: () => void): PollingSession {
  const queue: string[] = [];
  let waiting: ((answer: Reply) => void) | undefined;
  let webSocket: ServerSocket | undefined;
  let probing = false;
  let closed = false;
  let onMessage: (text: string) => void = () => undefined;
  let onClose: (code: number, reason: string) => void = () => undefined;
  let cancelSilence = (): void => undefined;

  function awaitClient(): void {
    cancelSilence();
    cancelSilence = clock.setTimer(silenceMs, "polling-silence", () => {
      // A closed one only waited for a last request that hears of it.
      if (closed) ended();
      else finish(1006, "");
    });
  }

  function finish(code: number, reason: string): void {
    if (closed) return;
    closed = true;
    if (webSocket !== undefined) {
      cancelSilence();
      ended();
    }
    onClose(code, reason);
  }

  /** Answers the request that waits; with what is there, in one go. */
  function flush(): void {
    const answer = waiting;
    if (answer === undefined || queue.length === 0) return;
    waiting = undefined;
    awaitClient();
    answer(text(queue.splice(0).join(separator)));
  }

  function deliver(frame: string): void {
    queue.push(frame);
    // What is sent in one go travels in one answer.
    void Promise.resolve().then(flush);
  }

  function accept(frame: string): void {
    if (closed || frame === "" || frame === packet.pong) return;
    if (frame === packet.close) {
      waiting?.(text(packet.noop));
      waiting = undefined;
      ended();
      cancelSilence();
      finish(1000, "");
    } else onMessage(frame);
  }

  function upgraded(socket: ServerSocket): void {
    webSocket = socket;
    probing = false;
    cancelSilence();
    waiting?.(text(packet.noop));
    waiting = undefined;
    for (const frame of queue.splice(0)) socket.send(frame);
    if (closed) socket.close(1000, "");
  }

  awaitClient();
  return {
    socket: {
      get bufferedAmount() {
        return webSocket?.bufferedAmount ?? queue.reduce((sum, frame) => sum + frame.length, 0);
      },
      send(frame) {
        if (closed) return;
        if (webSocket === undefined) deliver(frame);
        else webSocket.send(frame);
      },
      close(code = 1000, reason = "") {
        if (closed) return;
        if (webSocket === undefined) deliver(packet.close);
        else webSocket.close(code, reason);
        finish(code, reason);
      },
      onMessage: (listener) => void (onMessage = listener),
      onClose: (listener) => void (onClose = listener),
    },
    poll() {
      // Of two that wait, the first has lost its client.
      waiting?.(text(packet.noop));
      return new Promise((resolve) => {
        waiting = resolve;
        cancelSilence();
        if (queue.length === 0 && (probing || webSocket !== undefined)) queue.push(packet.noop);
        void Promise.resolve().then(flush);
        if (closed && queue.length === 0) {
          waiting = undefined;
          ended();
          resolve(refusal(1, "Session ID unknown"));
        }
      });
    },
    receive(body) {
      if (waiting === undefined) awaitClient();
      for (const frame of body.split(separator)) accept(frame);
    },
    takeOver(socket) {
      socket.onMessage((frame) => {
        if (webSocket === socket) accept(frame);
        else if (frame === packet.upgrade) upgraded(socket);
        else if (frame === packet.probe) {
          probing = true;
          socket.send(packet.probed);
          if (waiting !== undefined) deliver(packet.noop);
        }
      });
      socket.onClose((code, reason) => {
        if (webSocket === socket) finish(code, reason);
        else probing = false;
      });
    },
  };
}
