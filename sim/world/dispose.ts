/** The end of a world: what was left open, and giving everything back. */
import { SimError } from "../errors.js";
import { waitFor, type Loop, type Origin } from "../kernel/index.js";
import { callSiteOfUser, isCalledByOthers } from "../shared/call-site.js";
import { checkOptions, withoutTokens } from "../shared/text.js";
import type { Drivers } from "./drivers.js";
import type { WorldSockets } from "./edges/index.js";
import type { PostgresFacade } from "./facades.js";
import type { WorldParts } from "./parts.js";
import { catchUnhandled, saysWorldClosed } from "./unhandled.js";

// What a test has started and not ended, with the line that did: its waits, sockets, timers and transactions.

/** One thing that is open. */
export interface LeftOpen {
  readonly what: string;
  readonly origin: Origin | undefined;
  readonly ofClient?: boolean;
  readonly isTimer?: boolean;
  /** Whether anybody would miss it, when the world ends. @default true */
  readonly isMissed?: boolean;
}

export function leftOpen(
  { loop, sockets, globals }: WorldParts,
  postgres: PostgresFacade,
): readonly LeftOpen[] {
  const transaction = postgres.openTransaction();
  return [
    ...loop.waits().map(({ what, origin, ofClient, isMissed }) => ({
      what: withoutTokens(`a wait for ${what}`),
      origin,
      ofClient,
      isMissed,
    })),
    ...sockets.open().map(({ url, origin }) => ({ what: withoutTokens(`a WebSocket to ${url}`), origin })),
    ...(globals?.openTimers() ?? []).map(({ what, origin }) => ({
      what: `a timer of the test: ${what}`,
      origin,
      isTimer: true,
    })),
    ...(transaction === undefined
      ? []
      : [{ what: "a transaction of phoenix.postgres", origin: transaction.origin }]),
  ];
}

/**
 * @returns Whether a client has it under way, such as a driver or an HTTP library: one that was closed may need a moment
 *   to come to its end.
 */
function isOfClient({ origin, ofClient = false }: LeftOpen): boolean {
  if (ofClient) return true;
  return origin?.stack !== undefined && isCalledByOthers(origin.stack);
}

/**
 * @returns Whether it is a timer of a package, such as that by which a pool ends its idle connections: its user cannot
 *   clear it, and what it would do is of no use any more.
 */
function isTimerOfOthers(item: LeftOpen): boolean {
  return item.isTimer === true && isOfClient(item);
}

/** @returns A line such as `a timer of the test: Timeout due in 5000 ms (opened at a.test.ts:7)`. */
export function describeLeftOpen({ what, origin }: LeftOpen): string {
  const place = origin?.stack === undefined ? undefined : callSiteOfUser(origin.stack);
  return place === undefined ? what : `${what} (opened at ${place})`;
}

/** How long a peer may take to answer a close frame; longer than its own limit of 30 s. */
const closeHandshakeMs = 31_000;

/** How long a client that was closed may take to come to its end; ioredis gives a server two seconds. */
const clientsCloseMs = 3_000;

/** The `dispose` of `Phoenix`, and whether it was called. Calling it twice does nothing. */
export interface Disposal {
  dispose(options?: { readonly force?: boolean }): Promise<void>;
  readonly isDisposed: boolean;
}

export function createDispose(parts: WorldParts, postgres: PostgresFacade, drivers: Drivers): Disposal {
  const { loop, cluster, sockets, streams, globals, incarnation, callers } = parts;
  let disposed = false;
  async function dispose(options: { readonly force?: boolean } = {}): Promise<void> {
    checkOptions("dispose", options, ["force"]);
    const { force = false } = options;
    if (disposed) return;
    disposed = true;
    if (!force) await finishClosing(loop, sockets);
    const open = force ? [] : await openInTheEnd(parts, postgres);
    drivers.end();
    const { unreportedFailure } = loop;
    streams.end();
    callers?.end();
    globals?.uninstall();
    for (const { host } of cluster.all) host.kill();
    parts.outside?.host.kill();
    incarnation.host.kill();
    cluster.redis.dispose();
    await closeQuietly(loop);
    // A test that waited for a timer of its own, or for nothing, has not heard of it.
    if (unreportedFailure !== undefined) throw unreportedFailure;
    if (open.length === 0) return;
    throw new SimError(
      "SIM_LEFT_OPEN",
      `The test ended and left open: ${open.map(describeLeftOpen).join("; ")}.`,
      "Await what was started, and close sockets and timers before the world ends.",
    );
  }

  return {
    dispose,
    get isDisposed() {
      return disposed;
    },
  };
}

/**
 * What is open when clients have had their time: one that was closed tells its server, waits for the answer, and
 * clears its timers then. What the test itself started and did not end counts as open, whatever becomes of it.
 */
async function openInTheEnd(parts: WorldParts, postgres: PostgresFacade): Promise<readonly LeftOpen[]> {
  const open = (): LeftOpen[] => leftOpen(parts, postgres).filter(({ isMissed }) => isMissed !== false);
  const first = open();
  if (parts.loop.failure !== undefined || !first.some(isOfClient)) return first;
  const ofTest = first.filter((item) => !isOfClient(item));
  const later = (): readonly LeftOpen[] =>
    open().filter(({ origin }) => !ofTest.some((item) => item.origin === origin));
  await waitFor(parts.loop, {
    label: "clients to close",
    within: clientsCloseMs,
    check: () => (later().some(isOfClient) ? undefined : true),
  }).catch((error: unknown) => {
    if (!(error instanceof SimError) || error.code !== "SIM_WAIT_TIMEOUT") throw error;
  });
  return [...ofTest, ...later().filter((item) => !isTimerOfOthers(item))];
}

// Of a call that nobody awaits the error of dispose tells; its own rejection must not be blamed on the next test.
async function closeQuietly(loop: Loop): Promise<void> {
  if (loop.waiting().length === 0) {
    loop.close();
    return;
  }
  const unhandled = catchUnhandled();
  loop.close();
  const others = (await unhandled.end()).filter((error) => !saysWorldClosed(error));
  // What else went wrong goes where it would have gone.
  for (const error of others) void Promise.reject(error);
}

// A test that called close() has left nothing open; the peer's answer is only still on its way.
async function finishClosing(loop: Loop, sockets: WorldSockets): Promise<void> {
  if (sockets.closing() === 0 || loop.failure !== undefined) return;
  await waitFor(loop, {
    label: "sockets to close",
    within: closeHandshakeMs,
    check: () => (sockets.closing() === 0 ? true : undefined),
  });
}
