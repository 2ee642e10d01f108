/** What every service needs to stand in a world. */
import type { ArrivingStatement } from "../../servers/postgres/index.js";
import type {
  HttpHandler,
  HttpReply,
  HttpRequest,
  ServerSocket,
  SocketRequest,
} from "../../../src/ports/index.js";
import type { Incarnation, Loop } from "../../kernel/index.js";
import type { Network } from "../../kernel/network/index.js";
import type { Recorder } from "../../kernel/trace.js";

export interface World {
  readonly loop: Loop;
  readonly network: Network;
  readonly recorder: Recorder;
  readonly observers: Observers;
  readonly faultHooks: ServerFaultHooks;
}

// Observers of a world from outside get what passes. Observing changes nothing.

/** One answer of a gateway, as it was sent. */
interface GatewayAnswer {
  readonly host: string;
  readonly request: HttpRequest;
  readonly reply: HttpReply;
  /** Virtual milliseconds at which the request arrived. */
  readonly askedAtMs: number;
  /** What the clock of the host shows, in epoch milliseconds. */
  readonly hostNowMs: number;
}

/** One WebSocket of a gateway. */
interface ObservedSocket {
  /** Unique within a world, from 1. */
  readonly id: number;
  readonly host: string;
  readonly request: SocketRequest;
  /** Whether the server still has it. */
  readonly open: boolean;
}

interface Observer {
  /** A request, as it arrived at a gateway. */
  onRequest?(request: HttpRequest): void;
  onResponse?(answer: GatewayAnswer): void;
  /** A frame of the server, as it was sent. */
  onFrame?(socket: ObservedSocket, text: string): void;
  /** A frame of the client, as it arrived. */
  onClientMessage?(socket: ObservedSocket, text: string): void;
}

export interface Observers {
  add(observer: Observer): void;
  onRequest(request: HttpRequest): void;
  onResponse(answer: GatewayAnswer): void;
  /** @returns The same socket; observers get what passes through it. */
  socket(incarnation: Incarnation, socket: ServerSocket, request: SocketRequest): ServerSocket;
}

export function createObservers(): Observers {
  const observers: Observer[] = [];
  let sockets = 0;
  return {
    add(observer) {
      observers.push(observer);
    },
    onRequest(request) {
      for (const observer of observers) observer.onRequest?.(request);
    },
    onResponse(answer) {
      for (const observer of observers) observer.onResponse?.(answer);
    },
    socket(incarnation, inner, request) {
      if (observers.length === 0) return inner;
      sockets += 1;
      let closed = false;
      const socket: ObservedSocket = {
        id: sockets,
        host: incarnation.name,
        request,
        get open() {
          return !closed && incarnation.alive;
        },
      };
      return {
        get bufferedAmount() {
          return inner.bufferedAmount;
        },
        send(text) {
          for (const observer of observers) observer.onFrame?.(socket, text);
          inner.send(text);
        },
        close(code, reason) {
          closed = true;
          inner.close(code, reason);
        },
        onMessage(listener) {
          inner.onMessage((text) => {
            for (const observer of observers) observer.onClientMessage?.(socket, text);
            listener(text);
          });
        },
        onClose(listener) {
          inner.onClose((code, reason) => {
            closed = true;
            listener(code, reason);
          });
        },
      };
    },
  };
}

// Interference: what faults do inside servers, where no rule of the network reaches. A service asks here before
// it serves and after; with no fault in force that costs a look at an empty list.

/** Does something to HTTP exchanges at the server. */
interface HttpFaultHooks {
  /** Answers instead of the service; undefined lets the request through. */
  before?(host: string, request: HttpRequest, from: string | undefined): HttpReply | undefined;
  /** Changes what the service answered. */
  after?(host: string, request: HttpRequest, reply: HttpReply): HttpReply;
}

export interface ServerFaultHooks {
  /** Each list is asked in order; whoever adds something takes it out again. */
  readonly http: Set<HttpFaultHooks>;
  /** @returns SQLSTATE with which the statement fails; undefined lets it through. */
  readonly sql: Set<(statement: ArrivingStatement) => string | undefined>;
  /** @returns Whether a message that Redis publishes to a client is lost. */
  readonly push: Set<(to: string) => boolean>;
}

export function createServerFaultHooks(): ServerFaultHooks {
  return { http: new Set(), sql: new Set(), push: new Set() };
}

/** @returns A handler that lets faults act before and after `handler`. */
export function withFaultHooks(
  faultHooks: ServerFaultHooks,
  host: string,
  handler: HttpHandler,
): (request: HttpRequest, from?: string) => Promise<HttpReply> {
  return async (request, from) => {
    for (const { before } of faultHooks.http) {
      const reply = before?.(host, request, from);
      if (reply !== undefined) return reply;
    }
    let reply = await handler(request);
    for (const { after } of faultHooks.http) reply = after?.(host, request, reply) ?? reply;
    return reply;
  };
}
