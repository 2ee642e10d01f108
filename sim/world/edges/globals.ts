/**
 * The globals edge: while it is on, the test's own fetch, HTTP clients, WebSocket, timers, Date and randomness
 * belong to one world. One process has one set of globals, so only one world can have them.
 */
import nodeCrypto from "node:crypto";
import http from "node:http";
import https from "node:https";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import zlib from "node:zlib";
import type { VitestUtils } from "vitest";

import { SimError } from "../../errors.js";
import type { Loop } from "../../kernel/index.js";
import type { Fabric } from "../../kernel/network/index.js";
import type { ClientStreams } from "./client-stream.js";
import { installConnections } from "./global-connections.js";
import { installEvents, installPerformance, installRandom } from "./global-events.js";
import { globalsOwner, installTimers, type OpenTimer } from "./global-timers.js";
import {
  createUndo,
  isOverridden,
  layGlobal,
  type LayeredGlobal,
  type LayeredOptions,
  type Replaced,
  type Undo,
} from "./layered-global.js";
import { placeOf, routeUnknown } from "./routes.js";
import { isAdopted } from "./server-socket.js";
import { installVitestTools } from "./vitest-tools.js";
import { WorldCloseEvent, type WorldSockets } from "./websocket.js";

// `globalThis.WebSocket` while a world has the globals: sockets to its hosts are the world's; those to other
// addresses are made by what the user has put there, such as the class of mock-socket or of msw.

type SocketClass = typeof globalThis.WebSocket;

// Node's own, from version 22 on: it would reach the real network.
const nativeClass: SocketClass | undefined = globalThis.WebSocket;

interface GlobalWebSocketOptions {
  readonly fabric: Fabric;
  readonly sockets: WorldSockets;
  readonly isActive: () => boolean;
}

/** @returns What lies over each class that others want to be the global one. */
function coverWebSocket({ fabric, sockets, isActive }: GlobalWebSocketOptions) {
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

// Tells when a mocking library starts to intercept. msw and nock note each interceptor that they put in force on
// `globalThis`, once its patches are in place, and take the note away when they are gone.

const notes = ["client-request-interceptor", "fetch-interceptor", "websocket-interceptor"].map((name) =>
  Symbol.for(name),
);

/** @returns What looks again: a note that was taken away is no longer watched. */
function watchInterceptors(onStart: () => void, undo: Undo): () => void {
  let isActive = true;

  function watch(note: symbol): void {
    let value: unknown = Reflect.get(globalThis, note);
    Object.defineProperty(globalThis, note, {
      configurable: true,
      enumerable: true,
      get: () => value,
      set(next) {
        value = next;
        if (isActive && next !== undefined) onStart();
      },
    });
    undo.add(() => {
      const descriptor = Object.getOwnPropertyDescriptor(globalThis, note);
      if (descriptor?.get === undefined) return;
      if (value === undefined) Reflect.deleteProperty(globalThis, note);
      else
        Object.defineProperty(globalThis, note, {
          value,
          configurable: true,
          enumerable: true,
          writable: true,
        });
    });
  }

  function look(): void {
    for (const note of notes) {
      if (Object.getOwnPropertyDescriptor(globalThis, note)?.get === undefined) watch(note);
    }
  }

  undo.add(() => {
    isActive = false;
  });
  look();
  return look;
}

// Time-outs of requests that Node would measure in real time, or not at all.
//
// Those of sockets that msw answers are in timers of Node's own, which nobody can fake, while the delay of a handler
// is virtual; so they become the test's timers. That of a request starts when it is connected: a server that is
// frozen accepts connections in a real network, for its machine goes on, and here it does not.

/** Replaces `setTimeout` of the sockets that msw puts under the requests it intercepts, and of requests into the world. */
function installRequestTimeouts(undo: Undo): void {
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

// Work of Node's thread pool that Node does not list among what it waits for: compressing, and the slow half of
// `crypto`. It stays real; virtual time stands still until it is done.

const withCallback = [
  "pbkdf2",
  "scrypt",
  "hkdf",
  "generateKey",
  "generateKeyPair",
  "generatePrime",
  "checkPrime",
  "sign",
  "verify",
] as const;

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

function installWork(loop: Loop, undo: Undo): void {
  for (const name of withCallback) {
    wrap(undo, nodeCrypto, name, (original) => lastCallback(loop, `crypto.${name}`, original));
  }
  const subtle: object = Object.getPrototypeOf(nodeCrypto.webcrypto.subtle) as object;
  for (const name of Object.getOwnPropertyNames(subtle)) {
    if (name === "constructor") continue;
    wrap(undo, subtle, name, (original) => promised(loop, `crypto.subtle.${name}`, original));
  }
  // Everything of zlib goes through this one, brotli and the web streams as well.
  const transforms: object = Object.getPrototypeOf(
    Object.getPrototypeOf(zlib.Gzip.prototype) as object,
  ) as object;
  wrap(undo, transforms, "_transform", (original) => lastCallback(loop, "zlib", original));
}

function wrap(
  undo: Undo,
  target: object,
  name: string,
  around: (original: AnyFunction) => AnyFunction,
): void {
  const original: unknown = Object.getOwnPropertyDescriptor(target, name)?.value;
  if (typeof original !== "function") return;
  const wrapped = around(original as AnyFunction);
  // Names, and how util.promisify is to treat it.
  Object.defineProperties(wrapped, Object.getOwnPropertyDescriptors(original));
  undo.replace(target, name, wrapped);
}

/** Counts a call from when it begins until its last argument is called; without a callback it is no such work. */
function lastCallback(loop: Loop, what: string, original: AnyFunction): AnyFunction {
  return function (this: unknown, ...args) {
    const callback = args.at(-1);
    if (typeof callback !== "function") return original.apply(this, args);
    const end = loop.beginRealWork(what);
    const ended: AnyFunction = function (this: unknown, ...results) {
      end();
      return (callback as AnyFunction).apply(this, results);
    };
    try {
      return original.apply(this, [...args.slice(0, -1), ended]);
    } catch (error) {
      end();
      throw error;
    }
  };
}

function promised(loop: Loop, what: string, original: AnyFunction): AnyFunction {
  return function (this: unknown, ...args) {
    const end = loop.beginRealWork(what);
    const result = original.apply(this, args);
    Promise.resolve(result).then(end, end);
    return result;
  };
}

// `request` and `get` of `node:http` and `node:https` while a world has the globals: requests to its hosts pass by
// whatever mocks of the user's are there, which might report or refuse what they have no handler for.

type Send = (...args: unknown[]) => http.ClientRequest;

/** What makes a request, if it was not replaced: mocks replace `http.ClientRequest`, but keep its prototype. */
const NativeRequest = http.ClientRequest.prototype.constructor as typeof http.ClientRequest;

interface RequestsOptions {
  readonly fabric: Fabric;
  readonly loop: Loop;
  /** Called when somebody takes one of the functions. */
  readonly onRead: () => void;
}

/** @returns What lies over `http.request`, `http.get`, and those of https. */
function installRequests({ fabric, loop, onRead }: RequestsOptions, undo: Undo): readonly LayeredGlobal[] {
  let isActive = true;
  undo.add(() => {
    isActive = false;
  });

  return [http, https].flatMap((module) => {
    const isSecure = (module as unknown) === https;

    function toWorld(args: readonly unknown[]): http.ClientRequest | undefined {
      if (!isActive || placeOf(fabric, hostOf(args)) !== "world") return undefined;
      const given = [...args] as [string];
      if (!isSecure) return new NativeRequest(...given);
      // As `https.request` has it.
      const agent = { _defaultAgent: https.globalAgent };
      const at = args.findIndex(
        (each) => typeof each === "object" && each !== null && !(each instanceof URL),
      );
      if (at < 0) given.splice(1, 0, agent as never);
      else given[at] = { ...agent, ...(args[at] as object) } as never;
      return new NativeRequest(...given);
    }

    const cover =
      (end: boolean) =>
      (below: Send): Send =>
      (...args) => {
        const request = toWorld(args);
        if (request !== undefined) {
          if (end) request.end();
          return request;
        }
        const elsewhere = below(...args);
        if (isActive && placeOf(fabric, hostOf(args)) === "elsewhere") {
          elsewhere.once("close", loop.beginMockedRequest());
        }
        return elsewhere;
      };
    return (["request", "get"] as const).map((key) =>
      layGlobal({ target: module, key, cover: cover(key === "get"), onRead }, undo),
    );
  });
}

// Arguments are (url), (options) or (url, options), each with a callback.
function hostOf(args: readonly unknown[]): string {
  let host = "localhost";
  for (const arg of args.slice(0, 2)) {
    if (typeof arg === "string") host = URL.canParse(arg) ? new URL(arg).hostname : host;
    else if (arg instanceof URL) host = arg.hostname;
    else if (typeof arg === "object" && arg !== null) {
      const options = arg as { hostname?: string | null; host?: string | null; socketPath?: string };
      if (options.socketPath !== undefined) return "localhost";
      host = options.hostname ?? options.host ?? host;
    }
  }
  return host;
}

// The end of the globals where a test has put spies and stubs over a world's functions and takes them away only later.
// The spies stay; what they restore in the end is what was there before the world.

/** @param vi - Vitest's, where one of its tests runs. */
function uninstallBeside(undo: Undo, vi: VitestUtils | undefined): void {
  const replaced = undo.replaced();
  const overridden = replaced.filter(isOverridden);
  if (overridden.length === 0) {
    undo.run();
    return;
  }
  const stubs = vi === undefined ? [] : takeStubs(vi, replaced);
  const spies = overridden.map(({ target, key }) => Reflect.get(target, key) as unknown);
  undo.run();
  for (const { key, original, value } of stubs) {
    if (original === undefined) Reflect.deleteProperty(globalThis, key);
    else Object.defineProperty(globalThis, key, original);
    vi?.stubGlobal(key, value);
    undo.release(globalThis, key);
  }
  if (undo.heal()) return;
  healOnRestore(undo, spies, vi);
}

interface Stub {
  readonly key: string;
  readonly original: PropertyDescriptor | undefined;
  readonly value: unknown;
}

// Vitest does not tell what it has stubbed, but shows it by taking all of it away.
function takeStubs(vi: VitestUtils, replaced: readonly Replaced[]): readonly Stub[] {
  const before = Object.getOwnPropertyDescriptors(globalThis) as Record<string, PropertyDescriptor>;
  const overridden = new Map(
    replaced.filter(({ target }) => target === globalThis).map((each) => [each.key, each]),
  );
  const wasOverridden = new Set([...overridden.values()].filter(isOverridden).map(({ key }) => key));
  vi.unstubAllGlobals();
  return Object.entries(before).flatMap(([key, was]) => {
    const now = Object.getOwnPropertyDescriptor(globalThis, key);
    if (Object.is(now?.value, was.value) && now?.get === was.get) return [];
    const ours = overridden.get(key);
    const restored = ours !== undefined && !isOverridden(ours);
    return [
      {
        key,
        original: restored ? ours.before : now,
        value: (ours === undefined || wasOverridden.has(key) ? was.value : ours.before?.value) as unknown,
      },
    ];
  });
}

const restorers = ["mockRestore", "restore"] as const;

function healOnRestore(undo: Undo, spies: readonly unknown[], vi: VitestUtils | undefined): void {
  const unhooks: (() => void)[] = [];

  function hook(target: object, name: string): void {
    const original: unknown = Reflect.get(target, name);
    if (typeof original !== "function") return;
    const descriptor = Object.getOwnPropertyDescriptor(target, name);
    function healing(this: unknown, ...args: unknown[]): unknown {
      const answer: unknown = Reflect.apply(original as () => unknown, this, args);
      if (undo.heal()) for (const unhook of unhooks.splice(0)) unhook();
      return answer;
    }
    Object.defineProperty(target, name, { value: healing, configurable: true, writable: true });
    unhooks.push(() => {
      if (Reflect.get(target, name) !== healing) return;
      if (descriptor === undefined) Reflect.deleteProperty(target, name);
      else Object.defineProperty(target, name, descriptor);
    });
  }

  for (const spy of spies) {
    if (typeof spy !== "function") continue;
    for (const name of restorers) hook(spy, name);
    if ("mock" in spy && typeof spy.mock === "object" && spy.mock !== null) hook(spy.mock, "restore");
  }
  if (vi !== undefined) hook(vi, "restoreAllMocks");
}

// `globalThis.fetch` while a world has the globals: the world's hosts are answered at once, without a byte of HTTP;
// loopback servers by Node's own; all else by whatever the user has put there (msw, nock, a stub), or refused.

type Fetch = typeof globalThis.fetch;

interface GlobalFetchOptions {
  readonly fabric: Fabric;
  readonly loop: Loop;
  readonly worldFetch: Fetch;
  readonly isActive: () => boolean;
  /** Whether the world has ended, or has given the globals back. */
  readonly isOver: () => boolean;
}

/** @returns What lies over each `fetch` that others want to be the global one. */
function coverFetch({
  fabric,
  loop,
  worldFetch,
  isActive,
  isOver,
}: GlobalFetchOptions): LayeredOptions<Fetch>["cover"] {
  return (below) => {
    const fetch: Fetch = async (input, init) => {
      // An address that is none is for others to refuse.
      const url = addressOf(input);
      if (isOver()) return afterwards(url, fabric, below)(input, init);
      if (!isActive()) return below(input, init);
      const place = url === undefined ? undefined : placeOf(fabric, url.hostname);
      if (place === "world") return worldFetch(input, init);
      const end = place === "elsewhere" ? loop.beginMockedRequest() : undefined;
      try {
        return await below(input, init);
      } catch (error) {
        // What the guard refused comes wrapped, with its hint out of sight.
        throw error instanceof TypeError && error.cause instanceof SimError ? error.cause : error;
      } finally {
        end?.();
      }
    };
    return fetch;
  };
}

/** The world that has the globals, for what was kept from one before it. */
let inForce: Pick<GlobalFetchOptions, "fabric" | "worldFetch"> | undefined;

/**
 * A call of a `fetch` that somebody has kept, such as a library that was loaded in an earlier world: its address leads to
 * the world of now, or where it led before.
 *
 * @throws SimError `SIM_WORLD_CLOSED` for an address that only the former world has.
 */
function afterwards(url: URL | undefined, former: Fabric, below: Fetch): Fetch {
  if (url === undefined) return below;
  if (inForce !== undefined && placeOf(inForce.fabric, url.hostname) === "world") return inForce.worldFetch;
  if (placeOf(former, url.hostname) !== "world") return below;
  throw new SimError(
    "SIM_WORLD_CLOSED",
    `Cannot fetch ${url.href}: the world of this fetch was disposed.`,
    "Use globalThis.fetch of a world that is in force, or finish the work before the block of `await using` ends.",
  );
}

function addressOf(input: RequestInfo | URL): URL | undefined {
  const text = input instanceof Request ? input.url : String(input);
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** What sends requests in undici. */
interface Dispatcher {
  dispatch(options: { readonly origin?: string | URL }, handler: unknown): boolean;
}

// One for each generation of undici's handlers; each copy of undici, Node's too, looks there.
const dispatcherKeys = [Symbol.for("undici.globalDispatcher.1"), Symbol.for("undici.globalDispatcher.2")];

// What reaches the real network. All else, such as a MockAgent, is for the user to know.
const realDispatchers = new Set([
  "Agent",
  "Pool",
  "Client",
  "BalancedPool",
  "EnvHttpProxyAgent",
  "ProxyAgent",
  "RetryAgent",
]);

/**
 * Refuses, in undici's way, what no simulated host and no server on this machine has: requests of npm's undici, of
 * a `fetch` that was kept from before, and what a mock of the user's lets through.
 */
function installDispatcherGuard(fabric: Fabric, isPassing: () => boolean, undo: Undo): void {
  // Node makes its dispatcher when it is first asked for any of these classes.
  void globalThis.Request;
  let isActive = true;
  undo.add(() => {
    isActive = false;
  });
  for (const key of dispatcherKeys) {
    const dispatcher = Reflect.get(globalThis, key) as Dispatcher | undefined;
    if (dispatcher === undefined || !realDispatchers.has(dispatcher.constructor.name)) continue;
    const dispatch: Dispatcher["dispatch"] = (options, handler) => {
      const url = options.origin === undefined ? undefined : new URL(options.origin);
      if (isActive && !isPassing() && url !== undefined && placeOf(fabric, url.hostname) === "elsewhere") {
        throw routeUnknown(fabric, url);
      }
      return dispatcher.dispatch(options, handler);
    };
    const guard = new Proxy(dispatcher, {
      get: (target, name) => {
        if (name === "dispatch") return dispatch;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    undo.replace(globalThis, key, guard);
  }
}

export interface GlobalsOptions {
  readonly loop: Loop;
  readonly fabric: Fabric;
  readonly fetch: typeof fetch;
  readonly sockets: WorldSockets;
  readonly streams: ClientStreams;
  /** Whether what is asked for now shall reach the real network. @default never */
  readonly isPassing?: (() => boolean) | undefined;
  /** Names the world to another that wants the globals too, such as `seed 7`. */
  readonly name: string;
}

export interface InstalledGlobals {
  /** The test's own timers that are still set. */
  openTimers(): readonly OpenTimer[];
  /** Puts everything back as it was. Calling it twice does nothing. */
  uninstall(): void;
}

/**
 * @throws SimError `SIM_GLOBALS_BUSY` naming the world that has them. After any error everything is as before.
 */
export async function installGlobals(options: GlobalsOptions): Promise<InstalledGlobals> {
  const { loop, name, streams } = options;
  const holder = Reflect.get(globalThis, globalsOwner) as string | undefined;
  if (holder !== undefined) {
    throw new SimError(
      "SIM_GLOBALS_BUSY",
      `Cannot give the globals of this process to the world "${name}": "${holder}" has them.`,
      "Dispose that world first, or create this one with globals: false and use phoenix.fetch and phoenix.WebSocket.",
    );
  }
  const undo = createUndo();
  undo.add(syncBuiltinESMExports);
  undo.replace(globalThis, globalsOwner, name);
  try {
    const vi = await installVitestTools(loop, undo);
    await streams.load();
    installClients(options, undo);
    if (!("CloseEvent" in globalThis)) undo.replace(globalThis, "CloseEvent", WorldCloseEvent);
    installRandom(loop, undo);
    const openTimers = installTimers(loop, undo);
    installPerformance(loop, undo);
    installEvents(loop, undo);
    installWork(loop, undo);
    syncBuiltinESMExports();
    undo.seal();
    return { openTimers, uninstall: () => uninstallBeside(undo, vi) };
  } catch (error) {
    undo.run();
    throw error;
  }
}

// The test's own clients, whatever mocks of the user's are there already or will come.
function installClients(
  { fabric, loop, fetch, sockets, streams, isPassing = () => false }: GlobalsOptions,
  undo: Undo,
): void {
  let isActive = true;
  inForce = { fabric, worldFetch: fetch };
  undo.add(() => {
    isActive = false;
    inForce = undefined;
  });
  const look = watchInterceptors(() => {
    for (const layered of layers) layered.patch();
  }, undo);
  const given = { fabric, loop, isActive: () => isActive && !isPassing() };
  installConnections({ fabric, streams, isPassing }, undo);
  installDispatcherGuard(fabric, isPassing, undo);
  installRequestTimeouts(undo);
  const layers = [
    ...installRequests({ fabric, loop, onRead: look }, undo),
    layGlobal(
      {
        target: globalThis,
        key: "fetch",
        cover: coverFetch({ ...given, worldFetch: fetch, isOver: () => !isActive }),
        onRead: look,
      },
      undo,
    ),
    layGlobal(
      { target: globalThis, key: "WebSocket", cover: coverWebSocket({ ...given, sockets }), onRead: look },
      undo,
    ),
  ];
  sockets.setElsewhere((url, protocols) => {
    const Current = globalThis.WebSocket;
    return Current === sockets.WebSocket ? undefined : new Current(url, protocols);
  });
  undo.add(() => sockets.setElsewhere(() => undefined));
  // An agent of the process must not keep a connection into a world for the next one.
  undo.add(() => streams.end());
}
