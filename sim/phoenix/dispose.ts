/** The end of a world: what was left open, and giving everything back. */
import type { WorldSockets } from "../edge/index.js";
import { SimError } from "../errors.js";
import { type Loop, waitFor } from "../kernel/index.js";
import type { Drivers } from "./drivers.js";
import type { WorldParts } from "./parts.js";
import type { PostgresFacade } from "./stores.js";

/** How long a peer may take to answer a close frame; longer than its own limit of 30 s. */
const closeHandshakeMs = 31_000;

/** @returns The `dispose` of `Phoenix`. Calling it twice does nothing. */
export function createDispose(
  parts: WorldParts,
  postgres: PostgresFacade,
  drivers: Drivers,
): (options?: { readonly force?: boolean }) => Promise<void> {
  const { loop, cluster, sockets, globals, life } = parts;
  let disposed = false;
  return async ({ force = false } = {}) => {
    if (disposed) return;
    disposed = true;
    if (!force) await finishClosing(loop, sockets);
    drivers.end();
    const open = leftOpen(parts, postgres);
    const { untoldFailure } = loop;
    globals?.uninstall();
    for (const { host } of cluster.all) host.kill();
    life.host.kill();
    cluster.redis.dispose();
    loop.close();
    // A test that waited for a timer of its own, or for nothing, has not heard of it.
    if (untoldFailure !== undefined) throw untoldFailure;
    if (force || open.length === 0) return;
    throw new SimError(
      "SIM_LEFT_OPEN",
      `The test ended and left open: ${open.join("; ")}.`,
      "Await what was started, and close sockets and timers before the world ends.",
    );
  };
}

function leftOpen({ loop, sockets, globals }: WorldParts, postgres: PostgresFacade): readonly string[] {
  return [
    ...loop.waiting().map((what) => `a wait for ${what}`),
    ...sockets.open().map((url) => `a WebSocket to ${url}`),
    ...(globals?.openTimers() ?? []).map((timer) => `a timer of the test: ${timer}`),
    ...(postgres.hasOpenTransaction() ? ["a transaction of phoenix.postgres"] : []),
  ];
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
