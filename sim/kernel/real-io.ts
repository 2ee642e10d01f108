/**
 * Which real I/O of this process is in flight: files, look-ups, child processes, requests to real servers.
 *
 * Node says what keeps the process alive, and that includes much that only stays there: listening servers, idle
 * connections, the pipes and ports of a test runner. So requests count always, and handles count by what they do.
 * What was there when the watch began is the runner's, and anything `unref`ed is nobody's.
 */
import { realNowMs } from "./quiescence.js";

export interface RealIoWatch {
  /** What is in flight, such as `a file (FSReqPromise)`; undefined when nothing is. */
  inFlight(): RealIo | undefined;
  /** Counts work that Node does not list until the returned function is called. @param what - Such as `zlib`. */
  begin(what: string): () => void;
}

export interface RealIo {
  readonly what: string;
  /** A peer has not answered for long, and perhaps never will: time may go on, but no faster than real time. */
  readonly slow: boolean;
}

/** As much of `net.Socket` as is looked at. */
interface RealSocket {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly fd?: unknown;
  readonly server?: unknown;
  readonly localPort?: number | undefined;
  readonly remotePort?: number | undefined;
  readonly remoteAddress?: string | undefined;
  /** The request of node:http that has this socket. */
  readonly _httpMessage?: object | null;
}

const requests: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/^FSReq|^CloseReq$/, "a file"],
  [/^Get(Addr|Name)Info|^QueryReq/, "a look-up"],
  [/ConnectWrap$/, "a connection to a real server"],
];
const handles = /^(PipeWrap|TCPSocketWrap|ProcessWrap)$/;

/** How long a request may go unanswered, in real milliseconds, before time goes on. */
const answerMs = 2_000;
/** The same where nobody knows whether a request is under way, and where bytes only have to cross this machine. */
const unclearMs = 50;
/** How long after the last bytes more may follow. */
const moreMs = 5;

type Node = typeof process & {
  getActiveResourcesInfo?(): string[];
  _getActiveHandles?(): object[];
};

// Kept when this module is loaded, so that whoever looks over the user's uses of it does not see this one.
const resourcesNow = (process as Node).getActiveResourcesInfo?.bind(process);

/** @returns What keeps the process alive, as Node names it; empty where it does not tell. */
export function activeResources(): readonly string[] {
  return resourcesNow?.() ?? [];
}

export function watchRealIo(): RealIoWatch {
  const node = process as Node;
  const sockets = createSocketWatch();
  const begun = new Map<object, string>();
  const before = new WeakSet(node._getActiveHandles?.() ?? []);
  let connectingSinceMs: number | undefined;

  function requestInFlight(names: readonly string[]): RealIo | undefined {
    let found: RealIo | undefined;
    let connecting = false;
    for (const name of names) {
      const request = requests.find(([pattern]) => pattern.test(name));
      if (request === undefined) continue;
      const what = `${request[1]} (${name})`;
      if (!name.endsWith("ConnectWrap")) return { what, slow: false };
      connecting = true;
      connectingSinceMs ??= realNowMs();
      found = { what, slow: realNowMs() - connectingSinceMs > answerMs };
    }
    if (!connecting) connectingSinceMs = undefined;
    return found;
  }

  function handleInFlight(): RealIo | undefined {
    const active = node._getActiveHandles?.() ?? [];
    const open = active.filter(isSocket);
    let found: RealIo | undefined;
    for (const handle of active) {
      if ("spawnfile" in handle && !before.has(handle)) {
        return { what: `the process ${String(handle.spawnfile)}`, slow: false };
      }
      if (!isSocket(handle)) continue;
      const io = sockets.look(handle, open, before.has(handle));
      if (io !== undefined && (found === undefined || found.slow)) found = io;
    }
    return found;
  }

  return {
    inFlight() {
      for (const what of begun.values()) return { what, slow: false };
      const names = activeResources();
      const request = requestInFlight(names);
      if (request !== undefined && !request.slow) return request;
      return (names.some((name) => handles.test(name)) ? handleInFlight() : undefined) ?? request;
    },
    begin(what) {
      const key = {};
      begun.set(key, what);
      return () => begun.delete(key);
    },
  };
}

function isSocket(handle: object): handle is RealSocket {
  return typeof (handle as RealSocket).bytesRead === "number";
}

/** What is known of a socket from looking at it: how much went each way, and which way the last bytes went. */
interface Seen {
  read: number;
  written: number;
  last: "read" | "written" | "unclear" | "nothing";
  sinceMs: number;
}

interface SocketWatch {
  /** @param ofOld - Whether it was there before the watch began. */
  look(socket: RealSocket, open: readonly RealSocket[], ofOld: boolean): RealIo | undefined;
}

function createSocketWatch(): SocketWatch {
  const known = new WeakMap<RealSocket, Seen>();

  function lookAt(socket: RealSocket, ofOld: boolean): Seen {
    const { bytesRead: read, bytesWritten: written } = socket;
    let seen = known.get(socket);
    if (seen === undefined) {
      seen = ofOld
        ? { read, written, last: "nothing", sinceMs: realNowMs() }
        : { read: 0, written: 0, last: "nothing", sinceMs: realNowMs() };
      known.set(socket, seen);
    }
    const [hasRead, hasWritten] = [read !== seen.read, written !== seen.written];
    if (!hasRead && !hasWritten) return seen;
    const last = hasRead && hasWritten ? "unclear" : hasRead ? "read" : "written";
    return Object.assign(seen, { read, written, last, sinceMs: realNowMs() });
  }

  return {
    look(socket, open, ofOld) {
      const seen = lookAt(socket, ofOld);
      const forMs = realNowMs() - seen.sinceMs;
      // Whoever asked waits for this process; and the three of the process itself are nobody's request.
      if (socket.server != null || (typeof socket.fd === "number" && socket.fd <= 2)) return undefined;
      if (socket.remotePort === undefined) return ofOld ? undefined : lookAtPipe(seen, forMs);
      const what = `a request to ${socket.remoteAddress ?? ""}:${socket.remotePort}`;
      const peer = open.find((other) => isPeer(socket, other));
      if (peer !== undefined)
        return crossing(socket, peer) && forMs < unclearMs ? { what, slow: false } : undefined;
      if (socket._httpMessage != null || isBusyInUndici(socket)) return { what, slow: forMs > answerMs };
      return unanswered(seen, forMs, what);
    },
  };
}

// The output of a child is in flight until its end; a client of a Unix socket writes first.
function lookAtPipe(seen: Seen, forMs: number): RealIo | undefined {
  if (seen.written === 0) return { what: "the output of a process", slow: false };
  return unanswered(seen, forMs, "a request to a Unix socket");
}

function unanswered({ last }: Seen, forMs: number, what: string): RealIo | undefined {
  if (last === "written") return { what, slow: forMs > answerMs };
  const limitMs = { unclear: unclearMs, read: moreMs, nothing: 0 }[last];
  return forMs < limitMs ? { what, slow: false } : undefined;
}

/** Whether `other` is the end of the same connection that a server of this process has. */
function isPeer(socket: RealSocket, other: RealSocket): boolean {
  return (
    other.server != null && other.remotePort === socket.localPort && other.localPort === socket.remotePort
  );
}

// Both ends are here: what has arrived is in the hands of code, which may itself wait for the world.
function crossing(socket: RealSocket, peer: RealSocket): boolean {
  return socket.bytesWritten !== peer.bytesRead || peer.bytesWritten !== socket.bytesRead;
}

// undici unrefs its sockets while they are idle, so one that is listed has a request.
function isBusyInUndici(socket: RealSocket): boolean {
  return Object.getOwnPropertySymbols(socket).some(({ description }) => description === "no ref");
}
