/**
 * The globals edge: while it is on, the test's own fetch, HTTP clients, WebSocket, timers, Date and randomness
 * belong to one world. One process has one set of globals, so only one world can have them.
 */
import { syncBuiltinESMExports } from "node:module";

import { SimError } from "../errors.js";
import type { Loop } from "../kernel/index.js";
import type { Fabric } from "../network/index.js";
import type { ClientStreams } from "./client-stream.js";
import { WorldCloseEvent } from "./close-event.js";
import { installConnections } from "./global-connections.js";
import { coverFetch, installDispatcherGuard } from "./global-fetch.js";
import { installEvents } from "./global-events.js";
import { installPerformance } from "./global-performance.js";
import { installRandom } from "./global-random.js";
import { installRequestTimeouts } from "./global-request-timeouts.js";
import { installRequests } from "./global-requests.js";
import { type OpenTimer, globalsOwner, installTimers } from "./global-timers.js";
import { coverWebSocket } from "./global-web-socket.js";
import { watchInterceptors } from "./interceptor-watch.js";
import { layGlobal } from "./layered-global.js";
import { installWork } from "./global-work.js";
import { installVitestTools } from "./vitest-tools.js";
import { uninstallBeside } from "./uninstall.js";
import { type Undo, createUndo } from "./undo.js";
import type { WorldSockets } from "./websocket.js";

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
  undo.add(() => {
    isActive = false;
  });
  const look = watchInterceptors(() => {
    for (const layered of layers) layered.layOver();
  }, undo);
  const given = { fabric, loop, isActive: () => isActive && !isPassing() };
  installConnections({ fabric, streams, isPassing }, undo);
  installDispatcherGuard(fabric, isPassing, undo);
  installRequestTimeouts(undo);
  const layers = [
    ...installRequests({ fabric, loop, onRead: look }, undo),
    layGlobal(
      { target: globalThis, key: "fetch", cover: coverFetch({ ...given, worldFetch: fetch }), onRead: look },
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
