/** Taps: whoever watches a world from outside is told here what passed. Watching changes nothing. */
import type { HttpReply, HttpRequest, ServerSocket, SocketRequest } from "../../src/ports/index.js";
import type { Incarnation } from "../kernel/index.js";

/** One answer of a gateway, as it was sent. */
export interface GatewayAnswer {
  readonly host: string;
  readonly request: HttpRequest;
  readonly reply: HttpReply;
  /** Virtual milliseconds at which the request arrived. */
  readonly askedAtMs: number;
  /** What the clock of the host shows, in epoch milliseconds. */
  readonly hostNowMs: number;
}

/** One WebSocket of a gateway. */
export interface TappedSocket {
  /** Unique within a world, from 1. */
  readonly id: number;
  readonly host: string;
  readonly request: SocketRequest;
  /** Whether the server still has it. */
  readonly open: boolean;
}

export interface Tap {
  /** A request, as it arrived at a gateway. */
  asked?(request: HttpRequest): void;
  answered?(answer: GatewayAnswer): void;
  /** A frame of the server, as it was sent. */
  frame?(socket: TappedSocket, text: string): void;
  /** A frame of the client, as it arrived. */
  heard?(socket: TappedSocket, text: string): void;
}

export interface Taps {
  add(tap: Tap): void;
  asked(request: HttpRequest): void;
  answered(answer: GatewayAnswer): void;
  /** @returns The same socket; what passes through it is told. */
  socket(life: Incarnation, socket: ServerSocket, request: SocketRequest): ServerSocket;
}

export function createTaps(): Taps {
  const taps: Tap[] = [];
  let sockets = 0;
  return {
    add(tap) {
      taps.push(tap);
    },
    asked(request) {
      for (const tap of taps) tap.asked?.(request);
    },
    answered(answer) {
      for (const tap of taps) tap.answered?.(answer);
    },
    socket(life, inner, request) {
      if (taps.length === 0) return inner;
      sockets += 1;
      let closed = false;
      const socket: TappedSocket = {
        id: sockets,
        host: life.name,
        request,
        get open() {
          return !closed && life.alive;
        },
      };
      return {
        get bufferedAmount() {
          return inner.bufferedAmount;
        },
        send(text) {
          for (const tap of taps) tap.frame?.(socket, text);
          inner.send(text);
        },
        close(code, reason) {
          closed = true;
          inner.close(code, reason);
        },
        onMessage(listener) {
          inner.onMessage((text) => {
            for (const tap of taps) tap.heard?.(socket, text);
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
