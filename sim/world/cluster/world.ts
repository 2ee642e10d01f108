/** What every service needs to stand in a world. */
import type { HttpReply, HttpRequest, ServerSocket, SocketRequest } from "../../../src/ports/index.js";
import type { Incarnation, Loop } from "../../kernel/index.js";
import type { Network } from "../../kernel/network/index.js";
import type { Recorder } from "../../kernel/trace.js";
import type { ServerFaultHooks } from "./fault-hooks.js";

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
