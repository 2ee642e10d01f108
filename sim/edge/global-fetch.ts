/**
 * `globalThis.fetch` while a world has the globals: the world's hosts are answered at once, without a byte of HTTP;
 * loopback servers by Node's own; all else by whatever the user has put there (msw, nock, a stub), or refused.
 */
import { SimError } from "../errors.js";
import type { Loop } from "../kernel/index.js";
import type { Fabric } from "../network/index.js";
import type { LayeredOptions } from "./layered-global.js";
import { placeOf, routeUnknown } from "./routes.js";
import type { Undo } from "./undo.js";

type Fetch = typeof globalThis.fetch;

export interface GlobalFetchOptions {
  readonly fabric: Fabric;
  readonly loop: Loop;
  readonly worldFetch: Fetch;
  readonly isActive: () => boolean;
}

/** @returns What lies over each `fetch` that others want to be the global one. */
export function coverFetch({
  fabric,
  loop,
  worldFetch,
  isActive,
}: GlobalFetchOptions): LayeredOptions<Fetch>["cover"] {
  return (below) => {
    const fetch: Fetch = async (input, init) => {
      if (!isActive()) return below(input, init);
      // An address that is none is for others to refuse.
      const url = addressOf(input);
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
export function installDispatcherGuard(fabric: Fabric, isPassing: () => boolean, undo: Undo): void {
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
