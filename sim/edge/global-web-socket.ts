/**
 * `globalThis.WebSocket` while a world has the globals: sockets to its hosts are the world's; those to other
 * addresses are made by what the user has put there, such as the class of mock-socket or of msw.
 */
import type { Fabric } from "../network/index.js";
import { placeOf } from "./routes.js";
import type { WorldSockets } from "./websocket.js";

type SocketClass = typeof globalThis.WebSocket;

// Node's own, from version 22 on: it would reach the real network.
const nativeClass: SocketClass | undefined = globalThis.WebSocket;

export interface GlobalWebSocketOptions {
  readonly fabric: Fabric;
  readonly sockets: WorldSockets;
  readonly isActive: () => boolean;
}

/** @returns What lies over each class that others want to be the global one. */
export function coverWebSocket({ fabric, sockets, isActive }: GlobalWebSocketOptions) {
  const { WebSocket } = sockets;
  return (below: SocketClass | undefined): SocketClass => {
    if (below === undefined || below === nativeClass) return WebSocket;
    const isOfWorld = (url: unknown): boolean => {
      const text = String(url);
      return URL.canParse(text) && placeOf(fabric, new URL(text).hostname) === "world";
    };
    const covered: SocketClass = new Proxy(below, {
      construct: (target, args, newTarget) => {
        if (isActive() && isOfWorld(args[0])) return new WebSocket(...(args as [string]));
        return Reflect.construct(target, args, newTarget === covered ? target : newTarget) as object;
      },
      get: (target, name, receiver) =>
        name === Symbol.hasInstance
          ? (value: unknown) => value instanceof WebSocket || value instanceof target
          : (Reflect.get(target, name, receiver) as unknown),
    });
    return covered;
  };
}
