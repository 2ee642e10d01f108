/** What a test has started and not ended, with the line that did: its waits, sockets, timers and transactions. */
import { callSiteOfUser, isCalledByOthers } from "../call-site.js";
import type { Origin } from "../kernel/index.js";
import { withoutTokens } from "../text.js";
import type { WorldParts } from "./parts.js";
import type { PostgresFacade } from "./stores.js";

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
export function isOfClient({ origin, ofClient = false }: LeftOpen): boolean {
  if (ofClient) return true;
  return origin?.stack !== undefined && isCalledByOthers(origin.stack);
}

/**
 * @returns Whether it is a timer of a package, such as that by which a pool ends its idle connections: its user cannot
 *   clear it, and what it would do is of no use any more.
 */
export function isTimerOfOthers(item: LeftOpen): boolean {
  return item.isTimer === true && isOfClient(item);
}

/** @returns A line such as `a timer of the test: Timeout due in 5000 ms (opened at a.test.ts:7)`. */
export function describeLeftOpen({ what, origin }: LeftOpen): string {
  const place = origin?.stack === undefined ? undefined : callSiteOfUser(origin.stack);
  return place === undefined ? what : `${what} (opened at ${place})`;
}
