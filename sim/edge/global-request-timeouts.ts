/**
 * The time-outs of intercepted HTTP requests. Node keeps them in timers of its own that nobody can fake, and
 * those of a request start only at a connection that msw never makes; so they become the test's timers here.
 */
import http from "node:http";
import net from "node:net";

import { isInMemory } from "./in-memory.js";
import type { Undo } from "./undo.js";

type Target = net.Socket | http.ClientRequest;

/** Replaces `setTimeout` of requests, and of the sockets that msw puts under them. */
export function installRequestTimeouts(undo: Undo): void {
  const timers = new WeakMap<Target, ReturnType<typeof setTimeout>>();

  function clear(this: Target): void {
    clearTimeout(timers.get(this));
  }

  function arm(target: Target, delayMs: number, onTimeout: (() => void) | undefined): void {
    clear.call(target);
    if (onTimeout !== undefined) {
      if (delayMs > 0) target.once("timeout", onTimeout);
      else target.removeListener("timeout", onTimeout);
    }
    if (delayMs <= 0) return;
    if (!timers.has(target)) target.once("close", clear);
    timers.set(
      target,
      setTimeout(() => target.destroyed || target.emit("timeout"), delayMs),
    );
  }

  const real = net.Socket.prototype.setTimeout;
  undo.replace(
    net.Socket.prototype,
    "setTimeout",
    function (this: net.Socket, delayMs: number, run?: () => void) {
      const isOfMsw = "respondWith" in this && "passthrough" in this;
      if (!isOfMsw) return real.call(this, delayMs, run);
      arm(this, delayMs, run);
      return this;
    },
  );
  const realOfRequest = http.ClientRequest.prototype.setTimeout;
  undo.replace(
    http.ClientRequest.prototype,
    "setTimeout",
    function (this: http.ClientRequest, delayMs: number, run?: () => void) {
      // Over an in-memory socket they are virtual anyway, and count silence, as they should.
      if (isInMemory(this)) return realOfRequest.call(this, delayMs, run);
      arm(this, delayMs, run);
      return this;
    },
  );
}
