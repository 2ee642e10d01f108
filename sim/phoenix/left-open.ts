/** What a test has started and not ended, with the line that did: its waits, sockets, timers and transactions. */
import { callSiteOfUser } from "../call-site.js";
import type { Origin } from "../kernel/index.js";
import { withoutTokens } from "../text.js";
import type { WorldParts } from "./parts.js";
import type { PostgresFacade } from "./stores.js";

/** @returns One line for each, such as `a timer of the test: Timeout due in 5000 ms (opened at a.test.ts:7)`. */
export function leftOpen(
  { loop, sockets, globals }: WorldParts,
  postgres: PostgresFacade,
): readonly string[] {
  const transaction = postgres.openTransaction();
  return [
    ...loop.waits().map(({ what, origin }) => placed(withoutTokens(`a wait for ${what}`), origin)),
    ...sockets.open().map(({ url, origin }) => placed(withoutTokens(`a WebSocket to ${url}`), origin)),
    ...(globals?.openTimers() ?? []).map(({ what, origin }) =>
      placed(`a timer of the test: ${what}`, origin),
    ),
    ...(transaction === undefined ? [] : [placed("a transaction of phoenix.postgres", transaction.origin)]),
  ];
}

/** @returns What was left open, with the file and line of the test that started it. */
function placed(what: string, origin: Origin | undefined): string {
  const place = origin?.stack === undefined ? undefined : callSiteOfUser(origin.stack);
  return place === undefined ? what : `${what} (opened at ${place})`;
}
