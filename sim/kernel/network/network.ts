/** The network of a world: one fabric, who listens on it, and the two ways to use it. */
import type { HttpClient, HttpReply, HttpRequest } from "../../../src/ports/index.js";
import { hashString, type Host, type Incarnation, type Loop } from "../index.js";
import { createFabric, createLane, type Fabric } from "./fabric.js";
import type { LinkOptions } from "./link.js";
import { NetworkError, type Protocol } from "./message.js";

// Names: which host serves a request addressed to a service, and what a message is called in the trace.

/**
 * Picks a host behind a host or service name. Replicas that are down are left out while another is up, as a
 * load balancer with health checks does; which of the rest serves is a choice point.
 *
 * @throws NetworkError `ENOTFOUND` when there is no such name.
 */
function pickHost(fabric: Fabric, name: string, requestedBy: string): Host {
  const replicas = fabric.resolve(name);
  const up = replicas.filter((host) => host.state !== "down");
  const candidates = up.length > 0 ? up : replicas;
  const index = fabric.loop.choices.choose("target", `${requestedBy}>${name}/replica`, candidates.length);
  const host = candidates[index];
  if (host === undefined) throw new NetworkError("ENOTFOUND", `There is no host called ${name}`);
  return host;
}

const identifier = /\/(?:[0-9a-f]{8}-[0-9a-f-]{27}|\d+|exp-[a-z0-9]{8})(?=\/|$)/gi;

/** @returns The path with ids replaced by `:id` and no query: a label that is the same in each run. */
export function routeLabel(path: string): string {
  const end = path.indexOf("?");
  return (end < 0 ? path : path.slice(0, end)).replace(identifier, "/:id");
}

// One request and its reply, each a message. The caller may lose the reply after the effect has happened:
// then it gets `ECONNRESET` or `ETIMEDOUT`, and only the other side knows.

interface Exchange<Request, Reply> {
  readonly from: Incarnation;
  readonly to: Host;
  readonly port: number;
  readonly protocol: Protocol;
  /** Stable name without ids. */
  readonly label: string;
  readonly request: Request;
  /** Digest of the request, for the trace. */
  readonly digest: number;
  readonly digestOf: (reply: Reply) => number;
  /** Virtual milliseconds until the caller gives up; Infinity for never. */
  readonly timeoutMs: number;
  /** Aborts the exchange when it calls its argument. */
  readonly onAbort?: ((abort: (error: Error) => void) => void) | undefined;
  /** The request for people, where the label does not say it all. */
  readonly describe?: (() => string) | undefined;
}

/** @throws NetworkError as described in ports/http.ts; never settles once the calling incarnation has ended. */
async function exchange<Request, Reply>(
  { fabric, listeners }: Wires,
  call: Exchange<Request, Reply>,
): Promise<Reply> {
  const { from, to, port, protocol, label, describe } = call;
  const describeReply = describe && (() => `the answer to ${describe()}`);
  return new Promise<Reply>((resolve, reject) => {
    let open = true;
    const wanted = (): boolean => open;
    const cancelTimeout = Number.isFinite(call.timeoutMs)
      ? from.schedule(call.timeoutMs, "timer", `${label}/timeout`, () => {
          failWith(new NetworkError("ETIMEDOUT", `No reply from ${to.name}:${port} in ${call.timeoutMs} ms`));
        })
      : () => {};
    const forgetDeath = from.onDeath(close);
    call.onAbort?.(failWith);

    function close(): void {
      open = false;
      cancelTimeout();
      forgetDeath();
    }

    function failWith(error: Error): void {
      if (!open) return;
      close();
      reject(error);
    }

    function broken(code: "ECONNRESET" | "ETIMEDOUT"): void {
      failWith(new NetworkError(code, `The connection to ${to.name}:${port} broke`));
    }

    function sendBack(part: "reply" | "reset", digest: number, arrive: () => void): void {
      const message = {
        from: to.name,
        to: from.host.name,
        protocol,
        part,
        label: `${label}/${part}`,
        digest,
        describe: describeReply,
      };
      fabric.send(message, { arrive: () => from.alive && arrive(), broken, wanted });
    }

    function refuse(): void {
      sendBack("reset", 0, () =>
        failWith(new NetworkError("ECONNREFUSED", `Nobody listens at ${to.name}:${port}`)),
      );
    }

    function serve(): void {
      const listener = listeners.find(to, port);
      if (listener?.onRequest === undefined) {
        refuse();
        return;
      }
      const { incarnation } = listener;
      const forget = incarnation.onDeath(() =>
        sendBack("reset", 0, () => failWith(new NetworkError("ECONNRESET", `${to.name}:${port} went away`))),
      );
      const answer = (reply: Reply): void => {
        forget();
        if (!incarnation.alive) return;
        sendBack("reply", call.digestOf(reply), () => {
          if (!open) return;
          close();
          resolve(reply);
        });
      };
      const handle = listener.onRequest as (request: Request, from: string) => Promise<Reply> | Reply;
      // A handler that throws has a bug of its own: the world fails with it, as a process would.
      Promise.resolve()
        .then(() => handle(call.request, from.host.name))
        .then(answer)
        .catch((error: unknown) => fabric.loop.fail(error as Error));
    }

    fabric.send(
      { from: from.host.name, to: to.name, protocol, part: "request", label, digest: call.digest, describe },
      { arrive: serve, broken, wanted },
    );
  });
}

// The HTTP client port over the network.

const timeoutMsDefault = 10_000;

/** @returns A client whose requests come from the host of `incarnation` and die with it. */
function createHttpClient(network: Wires, incarnation: Incarnation): HttpClient {
  return {
    async request(url, { method = "GET", headers = {}, body = "", timeoutMs = timeoutMsDefault } = {}) {
      return sendHttp(network, incarnation, { method, url, headers, body }, timeoutMs);
    },
  };
}

/** Sends one HTTP request. Errors are those of the `HttpClient` port. */
export async function sendHttp(
  network: Wires,
  from: Incarnation,
  request: HttpRequest,
  timeoutMs: number,
  { onAbort, describe }: Pick<Exchange<HttpRequest, HttpReply>, "onAbort" | "describe"> = {},
): Promise<HttpReply> {
  const { hostname, port, path } = splitUrl(request.url);
  const reply = await exchange<HttpRequest, HttpReply & { readonly failure?: Error }>(network, {
    from,
    to: pickHost(network.fabric, hostname, from.host.name),
    port,
    protocol: "http",
    label: `${request.method} ${routeLabel(path)}`,
    request,
    digest: hashString(request.body, hashString(request.url)),
    digestOf: digestOfReply,
    timeoutMs,
    onAbort,
    describe,
  });
  // What answers for third parties may want the connection to break.
  if (reply.failure !== undefined) throw reply.failure;
  return reply;
}

function digestOfReply(reply: HttpReply): number {
  return hashString(reply.body, reply.status);
}

const shape = /^https?:\/\/([^/:?#]+)(?::(\d+))?([^#]*)/;

function splitUrl(url: string): { hostname: string; port: number; path: string } {
  const [, hostname = "", port, path = ""] = shape.exec(url) ?? [];
  const portDefault = url.startsWith("https:") ? 443 : 80;
  return { hostname, port: port === undefined ? portDefault : Number(port), path: path === "" ? "/" : path };
}

// Connections: two ends, messages in order both ways. SQL and Redis sessions, WebSockets and byte streams.
//
// When one side's process dies the other gets a reset; when the route is cut nobody notices, and the
// connection stays half open until somebody gives up.

/** One end of a connection. */
export interface Connection {
  /** Name of the host at the other end. */
  readonly remote: string;
  readonly open: boolean;
  /** Sizes of everything sent that the peer has not read yet, added up. */
  readonly inFlight: number;
  /**
   * Sends a payload. On a closed connection it is dropped, as the operating system would.
   *
   * @param label - Stable name without ids. @param digest - For the trace. @param size - Counted by `inFlight`.
   * @param describe - The same for people; what the peer sends next is described as the answer to it.
   */
  send(payload: unknown, label: string, digest: number, size?: number, describe?: () => string): void;
  /** Closes after what was sent has arrived; `onClose` of the peer gets no error. */
  close(): void;
  /** Breaks it at once; `onClose` of the peer gets `ECONNRESET`. */
  abort(): void;
  /** Stops or resumes reading: a paused end leaves what arrives in flight. */
  setReading(reading: boolean): void;
  /** Sets what happens with each payload that arrives. */
  onMessage(listener: (payload: never) => void): void;
  /** Whether anything is on its way between the two ends, in either direction. */
  readonly underWay: boolean;
  /** Sets what is called when something sets out or has arrived. */
  onTraffic(listener: () => void): void;
  /** Called once when the connection is over and this end did not end it. */
  onClose(listener: (error: NetworkError | undefined) => void): void;
}

interface End extends Connection {
  arrived(payload: unknown, size: number): void;
  ended(error: NetworkError | undefined): void;
  taken(size: number): void;
}

/**
 * Opens a connection.
 *
 * @throws NetworkError `ECONNREFUSED` when nobody listens, `ETIMEDOUT` when nothing answers within `timeoutMs`.
 */
async function openConnection(
  { fabric, listeners }: Wires,
  options: {
    readonly from: Incarnation;
    readonly to: Host;
    readonly port: number;
    readonly protocol: Protocol;
    readonly timeoutMs: number;
  },
): Promise<Connection> {
  const { from, to, port, protocol, timeoutMs } = options;
  const label = `${protocol}/connect`;
  return new Promise<Connection>((resolve, reject) => {
    let settled = false;
    const cancelTimeout = from.schedule(timeoutMs, "timer", `${label}/timeout`, () => {
      failWith(new NetworkError("ETIMEDOUT", `No connection to ${to.name}:${port} in ${timeoutMs} ms`));
    });

    function failWith(error: NetworkError): void {
      if (settled) return;
      settled = true;
      cancelTimeout();
      reject(error);
    }

    const delivery = {
      broken: (code: "ECONNRESET" | "ETIMEDOUT") =>
        failWith(new NetworkError(code, `No connection to ${to.name}:${port}`)),
      wanted: () => !settled && from.alive,
    };

    function answer(part: "reply" | "reset", arrive: () => void): void {
      fabric.send(
        { from: to.name, to: from.host.name, protocol, part, label: `${label}/${part}`, digest: 0 },
        { ...delivery, arrive: () => from.alive && arrive() },
      );
    }

    function accept(): void {
      // The caller died while its request was on its way: there is nobody to be connected with.
      if (!from.alive) return;
      const listener = listeners.find(to, port);
      if (listener?.onConnection === undefined) {
        answer("reset", () =>
          failWith(new NetworkError("ECONNREFUSED", `Nobody listens at ${to.name}:${port}`)),
        );
        return;
      }
      const [near, far] = createPair(fabric, protocol, from, listener.incarnation);
      listener.onConnection(far);
      answer("reply", () => {
        if (settled) {
          near.abort();
          return;
        }
        settled = true;
        cancelTimeout();
        resolve(near);
      });
    }

    fabric.send(
      { from: from.host.name, to: to.name, protocol, part: "connect", label, digest: 0 },
      { ...delivery, arrive: accept },
    );
  });
}

function createPair(
  fabric: Fabric,
  protocol: Protocol,
  client: Incarnation,
  server: Incarnation,
): readonly [Connection, Connection] {
  const traffic: Traffic = { underWay: 0, changed: undefined, describe: undefined };
  const near: End = createEnd(fabric, protocol, client, server, traffic, () => far);
  const far: End = createEnd(fabric, protocol, server, client, traffic, () => near);
  return [near, far];
}

/** What both ends know of what is between them. */
interface Traffic {
  underWay: number;
  changed: (() => void) | undefined;
  /** What was asked last. */
  describe: (() => string) | undefined;
}

function createEnd(
  fabric: Fabric,
  protocol: Protocol,
  incarnation: Incarnation,
  peerIncarnation: Incarnation,
  traffic: Traffic,
  peer: () => End,
): End {
  const lane = createLane();
  let open = true;
  let inFlight = 0;
  let reading = true;
  let unread: [payload: unknown, size: number][] = [];
  let onMessage: (payload: never) => void = () => {};
  let onClose: (error: NetworkError | undefined) => void = () => {};
  const forgetDeath = incarnation.onDeath(abort);

  function transmit(
    part: "frame" | "reset",
    label: string,
    digest: number,
    arrive: () => void,
    describe?: () => string,
  ): void {
    const message = {
      from: incarnation.host.name,
      to: peerIncarnation.host.name,
      protocol,
      part,
      label,
      digest,
      describe,
    };
    traffic.underWay += 1;
    traffic.changed?.();
    fabric.send(message, {
      arrive() {
        traffic.underWay -= 1;
        arrive();
        traffic.changed?.();
      },
      lane,
      wanted: () => peer().open,
      broken: (code) => {
        traffic.underWay -= 1;
        const error = new NetworkError(code, `The connection to ${peerIncarnation.host.name} broke`);
        end.ended(error);
        peer().ended(error);
      },
    });
  }

  // Most ends come when a world is disposed and nobody listens any more: errors are made where they arrive.
  function finish(part: "close" | "reset", errorOf: () => NetworkError | undefined): void {
    if (!open) return;
    open = false;
    forgetDeath();
    transmit(part === "close" ? "frame" : "reset", `${protocol}/${part}`, 0, () => peer().ended(errorOf()));
  }

  function abort(): void {
    finish(
      "reset",
      () => new NetworkError("ECONNRESET", `The connection to ${incarnation.host.name} was reset`),
    );
  }

  const end: End = {
    remote: peerIncarnation.host.name,
    get open() {
      return open;
    },
    get inFlight() {
      return inFlight;
    },
    get underWay() {
      return traffic.underWay > 0;
    },
    onTraffic(listener) {
      traffic.changed = listener;
    },
    send(payload, label, digest, size = 1, describe) {
      if (!open) return;
      inFlight += size;
      const asked = traffic.describe;
      traffic.describe = describe ?? asked;
      const answer = asked && (() => `the answer to ${asked()}`);
      transmit("frame", label, digest, () => peer().arrived(payload, size), describe ?? answer);
    },
    close: () => finish("close", () => undefined),
    abort,
    setReading(next) {
      reading = next;
      const waiting = unread;
      unread = [];
      for (const [payload, size] of waiting) end.arrived(payload, size);
    },
    onMessage(listener) {
      onMessage = listener;
    },
    onClose(listener) {
      onClose = listener;
    },
    arrived(payload, size) {
      if (!open) return;
      if (!reading) {
        unread.push([payload, size]);
        return;
      }
      peer().taken(size);
      onMessage(payload as never);
    },
    ended(error) {
      if (!open) return;
      open = false;
      forgetDeath();
      if (incarnation.alive) onClose(error);
    },
    taken(size) {
      inFlight -= size;
    },
  };
  return end;
}

// Who listens where. A listener belongs to one incarnation of a host and goes with it.

/** What a port does with a request: any protocol that asks once and is answered once. */
type RequestListener<Request, Reply> = (request: Request, from: string) => Promise<Reply> | Reply;

/** What a port does with a new connection. Throwing refuses it. */
type ConnectionListener = (connection: Connection) => void;

interface Listener {
  readonly incarnation: Incarnation;
  // The two ends agree on the payload; the network only carries it.
  readonly onRequest?: RequestListener<never, unknown>;
  readonly onConnection?: ConnectionListener;
}

interface Listeners {
  /** Opens `port` on the host of `incarnation` until that incarnation ends. A second call for one port adds to the first. */
  listen(incarnation: Incarnation, port: number, listener: Omit<Listener, "incarnation">): void;
  /** Decides for every other port of the host of `incarnation`, anew for each request, until that incarnation ends. */
  listenElsewhere(
    incarnation: Incarnation,
    at: (port: number) => Omit<Listener, "incarnation"> | undefined,
  ): void;
  find(host: Host, port: number): Listener | undefined;
}

function createListeners(): Listeners {
  const open = new Map<string, Listener>();
  const elsewhere = new Map<string, (port: number) => Listener | undefined>();
  return {
    listen(incarnation, port, listener) {
      const key = `${incarnation.host.name}:${port}`;
      const existing = open.get(key);
      open.set(key, { ...(existing?.incarnation === incarnation ? existing : {}), ...listener, incarnation });
    },
    listenElsewhere(incarnation, at) {
      elsewhere.set(incarnation.host.name, (port) => {
        const listener = at(port);
        return listener === undefined ? undefined : { ...listener, incarnation };
      });
    },
    find(host, port) {
      const listener = open.get(`${host.name}:${port}`);
      if (listener?.incarnation.alive === true) return listener;
      const dynamic = elsewhere.get(host.name)?.(port);
      return dynamic?.incarnation.alive === true ? dynamic : undefined;
    },
  };
}

/** What carries messages, and who receives them. */
interface Wires {
  readonly fabric: Fabric;
  readonly listeners: Listeners;
}

export interface Network extends Wires {
  /** Opens a port for the rest of an incarnation. */
  listen(incarnation: Incarnation, port: number, listener: Omit<Listener, "incarnation">): void;
  /** Decides for every other port of the host, anew for each request, for the rest of an incarnation. */
  listenElsewhere(
    incarnation: Incarnation,
    at: (port: number) => Omit<Listener, "incarnation"> | undefined,
  ): void;
  /** @returns The HTTP port for code of this incarnation. */
  http(incarnation: Incarnation): HttpClient;
  /** Opens a connection to a host or service name; errors as in connection.ts, `ENOTFOUND` for unknown names. */
  connect(
    from: Incarnation,
    name: string,
    port: number,
    protocol: Protocol,
    timeoutMs: number,
  ): Promise<Connection>;
  host(name: string): Host;
}

export function createNetwork(loop: Loop, defaultLink: LinkOptions = {}): Network {
  const fabric = createFabric(loop, defaultLink);
  const listeners = createListeners();
  const wires: Wires = { fabric, listeners };
  return {
    ...wires,
    listen: listeners.listen,
    listenElsewhere: listeners.listenElsewhere,
    http: (incarnation) => createHttpClient(wires, incarnation),
    async connect(from, name, port, protocol, timeoutMs) {
      const to = pickHost(fabric, name, from.host.name);
      return openConnection(wires, { from, to, port, protocol, timeoutMs });
    },
    host: fabric.host,
  };
}
