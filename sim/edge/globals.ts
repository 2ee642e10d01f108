/**
 * The globals edge: while it is on, the test's own fetch, HTTP clients, WebSocket, timers, Date and randomness
 * belong to one world. One process has one set of globals, so only one world can have them.
 */
import { syncBuiltinESMExports } from "node:module";

import { SimError } from "../errors.js";
import type { Loop } from "../kernel/index.js";
import { WorldCloseEvent } from "./close-event.js";
import { installHttp } from "./global-http.js";
import { installPerformance } from "./global-performance.js";
import { installRandom } from "./global-random.js";
import { type OpenTimer, globalsOwner, installTimers } from "./global-timers.js";
import { installVitestTools } from "./vitest-tools.js";
import { uninstallBeside } from "./uninstall.js";
import { createUndo } from "./undo.js";

export interface GlobalsOptions {
  readonly loop: Loop;
  readonly fetch: typeof fetch;
  readonly WebSocket: typeof WebSocket;
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
export async function installGlobals({
  loop,
  fetch,
  WebSocket,
  name,
}: GlobalsOptions): Promise<InstalledGlobals> {
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
    await installHttp(loop, fetch, undo);
    undo.replace(globalThis, "WebSocket", WebSocket);
    if (!("CloseEvent" in globalThis)) undo.replace(globalThis, "CloseEvent", WorldCloseEvent);
    installRandom(loop.choices, undo);
    const openTimers = installTimers(loop, undo);
    installPerformance(loop, undo);
    syncBuiltinESMExports();
    undo.seal();
    return { openTimers, uninstall: () => uninstallBeside(undo, vi) };
  } catch (error) {
    undo.run();
    throw error;
  }
}
