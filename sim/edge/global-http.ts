/**
 * The test's own HTTP: `fetch` answered by the world at once, everything built on `node:http` caught by msw,
 * and the two ways around msw closed.
 */
import http from "node:http";
import https from "node:https";

import { SimError } from "../errors.js";
import type { Loop } from "../kernel/index.js";
import { installRequestTimeouts } from "./global-request-timeouts.js";
import { isInMemory, markInMemory } from "./in-memory.js";
import type { Undo } from "./undo.js";

const undiciDispatcher = Symbol.for("undici.globalDispatcher.1");

/**
 * msw loses the code of a network error on its way to `fetch` and costs twenty times the call, so `fetch` does
 * not pass through it.
 */
export async function installHttp(loop: Loop, worldFetch: typeof fetch, undo: Undo): Promise<void> {
  const [{ http: mock }, { setupServer }] = await Promise.all([import("msw/core/http"), import("msw/node")]);
  for (const name of ["fetch", "WebSocket", "XMLHttpRequest"]) undo.keep(globalThis, name);
  const native = { request: http.request, get: http.get };
  for (const module of [http, https]) {
    for (const name of ["request", "get", "globalAgent"]) undo.keep(module, name);
  }
  const server = setupServer(
    mock.all("*", async ({ request }) => {
      if (request.headers.get("upgrade") !== null) rethrowForNode(upgradeError(request.url));
      // From here on real stream code takes part, which rests only between turns of the process.
      loop.drainDeep();
      return worldFetch(request, { redirect: "manual" }).catch(rethrowForNode);
    }),
  );
  server.listen({ onUnhandledRequest: "error" });
  undo.add(() => server.close());
  for (const name of ["request", "get"] as const) {
    const caught = http[name] as (...args: unknown[]) => http.ClientRequest;
    undo.replace(http, name, (...args: unknown[]) =>
      args.some(isInMemory) ? markInMemory(native[name](...(args as [string]))) : caught(...args),
    );
  }
  installRequestTimeouts(undo);
  undo.replace(globalThis, "fetch", worldFetch);
  // A `fetch` kept from before, and that of npm's undici, end here instead of in the real network.
  void globalThis.Request;
  undo.replace(globalThis, undiciDispatcher, refusingDispatcher);
}

// msw hands an error on as it is when it looks like one of Node's: it has `code` and `errno`.
function rethrowForNode(error: unknown): never {
  const cause = error instanceof TypeError && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof Error && "code" in cause && !("errno" in cause)) {
    Object.defineProperty(cause, "errno", { value: -1, configurable: true });
  }
  keepQuietAbout(cause);
  throw cause;
}

// msw prints an error that a handler throws, in two calls soon after. It is no news: the client gets it.
function keepQuietAbout(error: unknown): void {
  const original = Object.getOwnPropertyDescriptor(console, "error");
  const print = console.error;
  if (original === undefined) return;
  console.error = (...args: unknown[]): void => {
    if (args[0] === error) return;
    if (!String(args[0]).startsWith("[MSW] Encountered an unhandled exception")) {
      print(...args);
      return;
    }
    Object.defineProperty(console, "error", original);
  };
}

function upgradeError(url: string): SimError {
  return new SimError(
    "SIM_UNSUPPORTED",
    `Cannot open a WebSocket to ${url} with a client on node:http, such as npm's ws: it goes around the globals.`,
    "Use globalThis.WebSocket, or give the client the createConnection of createRealClients.",
  );
}

const refusingDispatcher = {
  dispatch(): never {
    throw new SimError(
      "SIM_UNSUPPORTED",
      "Cannot send this request: npm's undici, and a fetch kept from before the globals were installed, go around them.",
      "Use globalThis.fetch at the time of the call, or give undici the dispatcher of the world.",
    );
  },
  close: async (): Promise<void> => {},
  destroy: async (): Promise<void> => {},
};
