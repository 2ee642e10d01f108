/**
 * Keeps a test without a world from reaching the real network unnoticed. It stands below everything that mocks HTTP: what
 * a mock answers never opens a connection, and what does open one is refused, unless it leads to this machine.
 */
import net from "node:net";

import { SimError } from "../errors.js";

export interface NetworkGuard {
  /** Lets connections through again. Calling it twice does nothing. */
  lift(): void;
}

type Connect = (this: net.Socket, ...args: unknown[]) => net.Socket;

/** What is on the prototype of sockets, and whether its guard still stands. */
interface Layer {
  readonly below: Connect;
  lifted: boolean;
}

const layers = new WeakMap<Connect, Layer>();

/** @param allowed - Hosts that may be reached besides this machine. */
export function installNetworkGuard(allowed: readonly string[]): NetworkGuard {
  // Read from the prototype, and called on sockets only.
  const prototype = net.Socket.prototype as unknown as { connect: Connect };
  const layer: Layer = { below: prototype.connect, lifted: false };
  const guarded: Connect = function connect(...args) {
    const host = layer.lifted ? undefined : hostOf(args);
    if (host === undefined || isLocal(host) || allowed.includes(host)) return layer.below.apply(this, args);
    const error = refusal(host, portOf(args));
    // As a connection that fails: at a later moment, by an event.
    process.nextTick(() => this.destroy(error));
    return this;
  };
  layers.set(guarded, layer);
  prototype.connect = guarded;
  return {
    lift() {
      layer.lifted = true;
      // Guards of concurrent tests lie on each other and are lifted in any order.
      for (let top = layers.get(prototype.connect); top?.lifted === true; top = layers.get(prototype.connect))
        prototype.connect = top.below;
    },
  };
}

// As `net` reads arguments: (path), (port, host), (options), or all of them in a list.
function optionsOf(args: readonly unknown[]): Record<string, unknown> {
  const [first, second] = (Array.isArray(args[0]) ? args[0] : args) as readonly unknown[];
  if (typeof first === "object" && first !== null) return first as Record<string, unknown>;
  if (typeof first === "string" && !/^\d+$/.test(first)) return { path: first };
  return { port: first, host: typeof second === "string" ? second : undefined };
}

/** @returns Undefined where no host is asked for: paths of sockets and pipes. */
function hostOf(args: readonly unknown[]): string | undefined {
  const { path, host } = optionsOf(args);
  return typeof path === "string" || typeof host !== "string" ? undefined : host;
}

function portOf(args: readonly unknown[]): string {
  const { port } = optionsOf(args);
  return typeof port === "number" || typeof port === "string" ? `:${port}` : "";
}

function isLocal(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, "").toLowerCase();
  if (name === "localhost" || name.endsWith(".localhost")) return true;
  return /^(?:127\.[\d.]+|0\.0\.0\.0|::1?|::ffff:127\.[\d.]+|)$/.test(name);
}

function refusal(host: string, port: string): SimError {
  return new SimError(
    "SIM_NO_WORLD",
    `This test tried to connect to ${host}${port}, on the real network: it has no world.`,
    "Name phoenix in the test's arguments: async ({ phoenix }) => { ... }. To reach a real host on purpose, allow it: " +
      `test.override({ realHosts: ["${host}"] }).`,
  );
}
