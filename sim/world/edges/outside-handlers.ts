/** What plays third parties: handlers of msw, of whatever copy, and servers of mock-socket. */
import { inspect } from "node:util";

import { SimError } from "../../errors.js";

/** The part of a request handler of msw that is used. */
interface RequestHandler {
  readonly info?: { readonly path?: unknown; readonly method?: unknown; readonly header?: unknown };
  readonly endpoint?: unknown;
  run(args: {
    readonly request: Request;
    readonly requestId: string;
  }): Promise<{ readonly response?: Response | undefined } | null>;
}

/** The part of what `ws.link(...).addEventListener(...)` gives that is used. */
export interface SocketHandler {
  readonly kind: "websocket";
  readonly url: string | RegExp;
  /** Whether it takes sockets at an address; earlier versions tell when they run only. */
  test?(url: string): boolean;
  run(connection: object): Promise<object | null>;
}

/** The part of a `Server` of mock-socket that is used. */
export interface MockServer {
  readonly url: string;
  originalWebSocket?: unknown;
  mockWebsocket(): void;
  clients(): unknown;
}

export interface OutsideHandlers {
  readonly requests: readonly RequestHandler[];
  readonly sockets: readonly SocketHandler[];
  readonly servers: readonly MockServer[];
  /** Whether a host is one of those that they answer for. */
  claims(hostname: string): boolean;
  /** What they answer, such as `GET https://hooks.example.com/*`. */
  describe(): string;
}

/** @throws SimError `SIM_OPTION_INVALID` for what is no handler, or names no host. */
export function readOutsideHandlers(given: unknown): OutsideHandlers {
  if (!Array.isArray(given)) throw invalid(`outside is ${inspect(given, { depth: 0 })}, not a list`);
  const requests: RequestHandler[] = [];
  const sockets: SocketHandler[] = [];
  const servers: MockServer[] = [];
  const hosts: RegExp[] = [];
  const descriptions: string[] = [];
  for (const [index, handler] of (given as readonly unknown[]).flat().entries()) {
    let address: unknown;
    if (isMockServer(handler)) {
      servers.push(handler);
      address = handler.url;
      descriptions.push(handler.url);
    } else if (isSocketHandler(handler)) {
      sockets.push(handler);
      address = handler.url;
      descriptions.push(String(handler.url));
    } else if (isRequestHandler(handler)) {
      requests.push(handler);
      const { path, method, header } = handler.info ?? {};
      address = path ?? handler.endpoint;
      descriptions.push(
        typeof header === "string"
          ? header
          : `${typeof method === "string" ? method : "any"} ${String(address)}`,
      );
    } else throw invalid(`outside[${index}] is ${inspect(handler, { depth: 0 })}`);
    hosts.push(hostPattern(address, index));
  }
  return {
    requests,
    sockets,
    servers,
    claims: (hostname) => hosts.some((host) => host.test(hostname)),
    describe: () => descriptions.join(", "),
  };
}

function isMockServer(handler: unknown): handler is MockServer {
  const { mockWebsocket, clients, url } = (handler ?? {}) as Partial<MockServer>;
  return typeof mockWebsocket === "function" && typeof clients === "function" && typeof url === "string";
}

function isSocketHandler(handler: unknown): handler is SocketHandler {
  const { kind, run } = (handler ?? {}) as Partial<SocketHandler>;
  return kind === "websocket" && typeof run === "function";
}

function isRequestHandler(handler: unknown): handler is RequestHandler {
  const { run, info } = (handler ?? {}) as Partial<RequestHandler>;
  return typeof run === "function" && typeof info === "object";
}

// Machines of the test's own: a pattern for any host does not mean them.
const elsewhere = /^(?!localhost$|127\.|0\.0\.0\.0$|::|.*\.localhost$)/;

function hostPattern(address: unknown, index: number): RegExp {
  if (typeof address !== "string") return elsewhere;
  if (address.startsWith("*")) return elsewhere;
  const [, host] = /^(?:https?|wss?):\/\/([^/?#]+)/i.exec(address) ?? [];
  if (host === undefined) throw invalid(`outside[${index}] answers "${address}", which names no host`);
  const name = host.replace(/:(?:\d+|\*|[a-z]\w*)$/i, "").toLowerCase();
  const pattern = name.replace(/[.[\]]/g, "\\$&").replace(/\*+|:[a-z]\w*/gi, ".*");
  return new RegExp(`^${pattern}$`, "i");
}

function invalid(problem: string): SimError {
  return new SimError(
    "SIM_OPTION_INVALID",
    `Cannot use what is outside: ${problem}.`,
    'Give msw handlers with whole addresses, such as [http.get("https://hooks.example.com/*", ...)], and for ' +
      'sockets ws.link("wss://feed.example.com").addEventListener("connection", ...), or servers of mock-socket.',
  );
}
