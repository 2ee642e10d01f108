/** The server's end for real clients of third parties: bytes and streams of HTTP, and sockets by `ws`. */
import http from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";

import type { RawData, WebSocket, WebSocketServer } from "ws";

import type { Incarnation } from "../kernel/index.js";
import { plainHeaders } from "./node-http.js";
import type { OutsideSocket } from "./outside-sockets.js";
import { type Activity, countRequest } from "./stream-server.js";

/** Who answers. */
export interface OutsideParty {
  /** @returns The answer, or what the client gets instead of one. */
  answer(request: Request): Promise<Response | Error>;
  takesSocket(url: string): boolean;
  serveSocket(socket: OutsideSocket, url: string, protocols: readonly string[]): void;
  unmatched(what: string): Error;
}

/** @returns A server that never listens on a port. */
export function createOutsideServer(
  party: OutsideParty,
  life: Incarnation,
  activityOf: (socket: object) => Activity | undefined,
  sockets: WebSocketServer,
): Server {
  const server = http.createServer();
  server.on("request", (request, response) => {
    const activity = activityOf(request.socket);
    if (activity !== undefined) countRequest(life, activity, request, response);
    // Node would take the date from the process.
    response.sendDate = false;
    response.setHeader("date", new Date(life.host.now()).toUTCString());
    const fail = (error: Error): void => {
      if ("code" in error && error.code === "ECONNRESET") request.socket.destroy(error);
      else activity?.fail(error);
    };
    // A client that went away has no answer to wait for.
    serve(party, request, response, activity?.secure === true, fail).catch(() => response.destroy());
  });
  server.on("upgrade", (request, socket, head) => {
    const activity = activityOf(socket);
    const url = addressOf(request, activity?.secure === true ? "wss:" : "ws:");
    if (!party.takesSocket(url)) {
      activity?.fail(party.unmatched(`a WebSocket to ${url}`));
      return;
    }
    if (activity !== undefined) activity.upgraded = true;
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      party.serveSocket(fromWs(webSocket), url, webSocket.protocol === "" ? [] : [webSocket.protocol]);
    });
  });
  return server;
}

async function serve(
  party: OutsideParty,
  request: IncomingMessage,
  response: ServerResponse,
  isSecure: boolean,
  fail: (error: Error) => void,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { method = "GET" } = request;
  const body = method === "GET" || method === "HEAD" ? {} : { body: Buffer.concat(chunks) };
  const headers = plainHeaders(request.headers);
  const url = addressOf(request, isSecure ? "https:" : "http:");
  const answer = await party.answer(new Request(url, { method, headers, ...body }));
  if (answer instanceof Error) {
    fail(answer);
    return;
  }
  const { status, statusText } = answer;
  for (const [name, value] of answer.headers) response.appendHeader(name, value);
  response.writeHead(status, statusText === "" ? undefined : statusText);
  if (answer.body === null) {
    response.end();
    return;
  }
  for await (const chunk of answer.body) response.write(chunk);
  response.end();
}

function addressOf({ url = "/", headers }: IncomingMessage, scheme: string): string {
  return url.startsWith("/") ? `${scheme}//${headers.host ?? "outside"}${url}` : url;
}

function fromWs(webSocket: WebSocket): OutsideSocket {
  // What breaks a socket is followed by its close, which the handler hears.
  webSocket.on("error", () => {});
  return {
    send(data) {
      if (webSocket.readyState === webSocket.OPEN) webSocket.send(data);
    },
    close: (code, reason) => webSocket.close(code, reason),
    onMessage(listener) {
      webSocket.on("message", (data: RawData, isBinary: boolean) => {
        listener(isBinary ? Uint8Array.from(data as Buffer) : (data as Buffer).toString());
      });
    },
    onClose(listener) {
      webSocket.on("close", (code, reason) => listener(code, reason.toString()));
    },
  };
}
