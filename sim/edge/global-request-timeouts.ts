/**
 * Time-outs of requests that Node would measure in real time, or not at all.
 *
 * Those of sockets that msw answers are in timers of Node's own, which nobody can fake, while the delay of a handler
 * is virtual; so they become the test's timers. That of a request starts when it is connected: a server that is
 * frozen accepts connections in a real network, for its machine goes on, and here it does not.
 */
import http from "node:http";
import net from "node:net";

import { isAdopted } from "./adopt-socket.js";
import type { Undo } from "./undo.js";

/** Replaces `setTimeout` of the sockets that msw puts under the requests it intercepts, and of requests into the world. */
export function installRequestTimeouts(undo: Undo): void {
  const timers = new WeakMap<net.Socket, ReturnType<typeof setTimeout>>();

  function clear(this: net.Socket): void {
    clearTimeout(timers.get(this));
  }

  function start(socket: net.Socket, delayMs: number, onTimeout: (() => void) | undefined): void {
    clear.call(socket);
    if (onTimeout !== undefined) {
      if (delayMs > 0) socket.once("timeout", onTimeout);
      else socket.removeListener("timeout", onTimeout);
    }
    if (delayMs <= 0) return;
    if (!timers.has(socket)) socket.once("close", clear);
    timers.set(
      socket,
      setTimeout(() => socket.destroyed || socket.emit("timeout"), delayMs),
    );
  }

  const real = net.Socket.prototype.setTimeout;
  undo.replace(
    net.Socket.prototype,
    "setTimeout",
    function (this: net.Socket, delayMs: number, run?: () => void) {
      const isOfMsw = "respondWith" in this && "passthrough" in this;
      if (!isOfMsw) return real.call(this, delayMs, run);
      start(this, delayMs, run);
      return this;
    },
  );

  const realOfRequest = http.ClientRequest.prototype.setTimeout;
  undo.replace(
    http.ClientRequest.prototype,
    "setTimeout",
    function (this: http.ClientRequest, delayMs: number, run?: () => void) {
      const startEarly = (socket: net.Socket): void => {
        if (socket.connecting && isAdopted(socket)) socket.setTimeout(delayMs);
      };
      if (this.socket === null) this.once("socket", startEarly);
      else startEarly(this.socket);
      return realOfRequest.call(this, delayMs, run);
    },
  );
}
