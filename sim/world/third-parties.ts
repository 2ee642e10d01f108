/** The third parties of a world, and the host they run on. */
import { createRequire } from "node:module";
import path from "node:path";

import { SimError } from "../errors.js";
import type { Loop } from "../kernel/index.js";
import type { Network } from "../kernel/network/index.js";
import type { Phoenix } from "./api.js";
import { createService, type Service } from "./cluster/index.js";
import { createOutside, outsideHost, type Outside } from "./edges/index.js";

export interface ThirdParties {
  readonly parties: Outside;
  /** A host like any other: it can be paused, stopped and crashed. */
  readonly service: Service;
}

/** @returns Undefined when the world has none. @throws SimError `SIM_OPTION_INVALID` for what cannot be one. */
export function createThirdParties(
  network: Network,
  loop: Loop,
  given: readonly object[] | undefined,
): ThirdParties | undefined {
  if (given === undefined) return undefined;
  const parties = createOutside(network, loop, given);
  const host = network.fabric.addHost(outsideHost, true);
  const service = createService({
    loop,
    host,
    build: (incarnation) => ({ start: () => parties.listen(incarnation), stop: () => {} }),
  });
  return { parties, service };
}

// A world as handlers of msw, for a `setupServer` of the user's own: without the globals, and beside other handlers.

/** The part of msw that is used. */
interface Msw {
  readonly http: {
    all(address: RegExp, answer: (given: { readonly request: Request }) => Promise<Response>): unknown;
  };
  readonly ws: {
    link(address: RegExp): {
      addEventListener(event: "connection", serve: (connection: MswConnection) => void): unknown;
    };
  };
}

interface MswConnection {
  readonly client: {
    readonly url: URL;
    send(data: unknown): void;
    close(code?: number, reason?: string): void;
    addEventListener(type: string, listener: (event: MessageEvent & CloseEvent) => void): void;
  };
  readonly info: { readonly protocols: string | string[] | undefined };
}

/**
 * Gives the world as handlers of msw, of the copy that the project has installed:
 * `setupServer(...handlersOf(phoenix), ...others)`. They answer for every host of the world, sockets too.
 *
 * @returns Handlers; typed so that they fit every version of msw.
 * @throws SimError `SIM_UNSUPPORTED` where msw is not installed.
 */
export function handlersOf(phoenix: Phoenix): never[] {
  if (typeof (phoenix as Partial<Phoenix> | undefined)?.network?.names !== "function") {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Cannot give handlers of what is ${typeof phoenix} and not a world.`,
      "Give a world: `setupServer(...handlersOf(phoenix))`.",
    );
  }
  const { http, ws } = loadMsw();
  const names = phoenix.network.names().map((name) => name.replaceAll(".", "\\."));
  const host = `(?:${names.join("|")})(?::\\d+)?(?:[/?]|$)`;
  return [
    http.all(new RegExp(`^https?://${host}`), async ({ request }) =>
      phoenix.fetch(request, { redirect: "manual" }).catch(rethrow),
    ),
    ws.link(new RegExp(`^wss?://${host}`)).addEventListener("connection", (connection) => {
      connect(phoenix, connection);
    }),
  ] as never[];
}

// Loaded when asked for, and at once, because handlers are made while a test file loads.
function loadMsw(): Msw {
  const places = [import.meta.url, path.join(process.cwd(), "package.json")];
  for (const place of places) {
    try {
      return createRequire(place)("msw") as Msw;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    }
  }
  throw new SimError(
    "SIM_UNSUPPORTED",
    "Cannot give the world as handlers of msw: the package msw is not installed.",
    "Install msw, or create the world with globals: true, which needs none.",
  );
}

// msw hands an error on as it is when it looks like one of Node's: it has `code` and `errno`.
function rethrow(error: unknown): never {
  const { cause } = error as { readonly cause?: { readonly code?: string } };
  if (error instanceof Error && cause?.code !== undefined) {
    Object.assign(error, { code: cause.code, errno: -1, syscall: "connect" });
  }
  throw error;
}

function connect(phoenix: Phoenix, { client, info }: MswConnection): void {
  const socket = new phoenix.WebSocket(client.url, info.protocols ?? []);
  socket.binaryType = "arraybuffer";
  const early: (() => void)[] = [];
  socket.addEventListener("open", () => {
    for (const send of early.splice(0)) send();
  });
  socket.addEventListener("message", ({ data }) => client.send(data));
  socket.addEventListener("close", ({ code, reason }) => {
    if (code === 1000 || code >= 3000) client.close(code, reason);
    else client.close();
  });
  client.addEventListener("message", ({ data }) => {
    const send = (): void => socket.send(data as string);
    if (socket.readyState === socket.CONNECTING) early.push(send);
    else send();
  });
  client.addEventListener("close", () => {
    if (socket.readyState <= socket.OPEN) socket.close();
  });
}
