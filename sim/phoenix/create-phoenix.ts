/** `createPhoenix`: a whole platform in one world. The one file that knows every part. */
import { createClient } from "../client/index.js";
import {
  type InstalledGlobals,
  type WorldSockets,
  createWorldFetch,
  createWorldSockets,
  installGlobals,
  waitForMessage,
} from "../edge/index.js";
import { SimError } from "../errors.js";
import {
  type Incarnation,
  type Loop,
  advance,
  createChoiceLog,
  createLoop,
  createVirtualClock,
  formatDuration,
  holdWhile,
  seededDriver,
  waitFor,
} from "../kernel/index.js";
import { type Network, createNetwork, sendHttp } from "../network/index.js";
import type { Phoenix } from "./api.js";
import { type PhoenixOptions, type ResolvedOptions, resolvePhoenixOptions } from "./options.js";
import { type Cluster, createCluster, gatewayPort } from "../services/index.js";
import { createStateWatch } from "./state-watch.js";
import { createPostgresFacade, createRedisFacade } from "./stores.js";
import { createRecorder } from "../trace/index.js";
import { waitForState } from "./wait-for-state.js";

/** Who the default client logs in as. */
const administrator = { email: "admin@phoenix.io", password: "admin123" };

/** How long a client of a test waits for one reply. */
const clientTimeoutMs = 30_000;

/**
 * Builds a world, starts every service in it, and resolves when all are ready.
 *
 * @throws SimError `SIM_OPTION_INVALID` naming the option, the value found and what is allowed.
 */
export async function createPhoenix(options: PhoenixOptions = {}): Promise<Phoenix> {
  const resolved = resolvePhoenixOptions(options);
  const recorder = createRecorder({ keepSteps: resolved.trace, onLine: resolved.onLog });
  const loop = createLoop({
    clock: createVirtualClock(resolved.epochMs),
    choices: createChoiceLog(resolved.driver ?? seededDriver(resolved.seed), { record: resolved.record }),
    limits: resolved.limits,
    onStep: resolved.trace ? recorder.step : undefined,
  });
  const network = createNetwork(loop, resolved.link);
  const cluster = createCluster({ loop, network, recorder }, resolved);
  const life = network.fabric.addHost("client").boot();
  const fetch = createWorldFetch({ network, life, loop });
  const sockets = createWorldSockets({ network, loop, life });
  try {
    for (const service of cluster.all) await service.start();
    const globals = resolved.globals
      ? await installGlobals({ loop, fetch, WebSocket: sockets.WebSocket, name: `seed ${resolved.seed}` })
      : undefined;
    return assemble({ resolved, loop, network, cluster, life, fetch, sockets, globals, recorder });
  } catch (error) {
    loop.close();
    throw error;
  }
}

interface Parts {
  readonly resolved: ResolvedOptions;
  readonly loop: Loop;
  readonly network: Network;
  readonly cluster: Cluster;
  /** The life of the host that the test's own requests come from. */
  readonly life: Incarnation;
  readonly fetch: typeof fetch;
  readonly sockets: WorldSockets;
  readonly globals: InstalledGlobals | undefined;
  readonly recorder: ReturnType<typeof createRecorder>;
}

function assemble(parts: Parts): Phoenix {
  const { resolved, loop, network, cluster, life, sockets, globals, recorder } = parts;
  const origin = `gateway:${gatewayPort}`;
  const states = createStateWatch();
  cluster.postgres.inspect.onCommit(states.committed);
  const { rules } = network.fabric;
  let disposed = false;

  const send = async (
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body: string,
  ) => {
    const request = { method, url: `http://${origin}${path}`, headers, body };
    const exchange = sendHttp(network.fabric, network.listeners, life, request, clientTimeoutMs);
    return holdWhile(loop, `${method} ${path}`, exchange);
  };

  function leftOpen(): readonly string[] {
    return [
      ...loop.waiting().map((what) => `a wait for ${what}`),
      ...sockets.open().map((url) => `a WebSocket to ${url}`),
      ...(globals?.openTimers() ?? []).map((timer) => `a timer of the test: ${timer}`),
    ];
  }

  async function dispose({ force = false } = {}): Promise<void> {
    if (disposed) return;
    disposed = true;
    if (!force) await closeHandshakes(loop, sockets);
    const open = leftOpen();
    globals?.uninstall();
    for (const service of cluster.all) service.host.kill();
    cluster.redis.dispose();
    loop.close();
    if (force || open.length === 0) return;
    throw new SimError(
      "SIM_LEFT_OPEN",
      `The test ended and left open: ${open.join("; ")}.`,
      "Await what was started, and close sockets and timers before the world ends.",
    );
  }

  function service(hostName: string) {
    const found = cluster.all.find(({ name }) => name === hostName);
    if (found !== undefined) return found;
    throw new SimError(
      "SIM_HOST_UNKNOWN",
      `There is no service on a host "${hostName}".`,
      `This world has: ${cluster.all.map(({ name }) => name).join(", ")}.`,
    );
  }

  function hostNames(name: string): ReadonlySet<string> {
    const hosts = network.fabric.resolve(name);
    return new Set((hosts.length > 0 ? hosts : [network.host(name)]).map((host) => host.name));
  }

  function prometheus() {
    const instance = cluster.prometheus();
    if (instance !== undefined) return instance;
    throw new SimError("SIM_HOST_STATE", "Prometheus never ran in this world.", "Start it first.");
  }

  return {
    seed: resolved.seed,
    url: `http://${origin}`,
    socketUrl: `ws://${origin}/ws`,
    client: createClient({ send, auth: administrator }),
    clientFor: (email, password) => createClient({ send, auth: { email, password } }),
    fetch: parts.fetch,
    plainFetch: globals === undefined ? parts.fetch : globalThis.fetch,
    WebSocket: sockets.WebSocket,
    clock: {
      get nowMs() {
        return loop.clock.nowMs;
      },
      get date() {
        return new Date(loop.clock.unixMs);
      },
      advance: async (duration) => advance(loop, duration),
    },
    services: cluster.groups,
    service,
    node: (name) => service(name),
    postgres: createPostgresFacade(loop, cluster.postgres),
    redis: createRedisFacade(loop, cluster.redis),
    prometheus: {
      query: (...args) => prometheus().query(...args),
      queryRange: (...args) => prometheus().queryRange(...args),
      targets: () => prometheus().targets(),
    },
    network: {
      addRule: rules.add,
      partition(one, other) {
        const [left, right] = [hostNames(one), hostNames(other)];
        return rules.add(`partition ${one} | ${other}`, ({ from, to }) =>
          (left.has(from) && right.has(to)) || (right.has(from) && left.has(to))
            ? { action: "drop" }
            : undefined,
        );
      },
      isolate(name) {
        const inside = hostNames(name);
        return rules.add(`isolate ${name}`, ({ from, to }) =>
          inside.has(from) === inside.has(to) ? undefined : { action: "drop" },
        );
      },
      setLink: network.fabric.setLink,
    },
    trace: {
      get steps() {
        return loop.steps;
      },
      hash: loop.traceHash,
      answers: () => recorder.answers,
      get sqlStatements() {
        return cluster.postgres.inspect.counters.statements;
      },
      kept: () => recorder.steps,
      recent: loop.recent,
      deviations: () => loop.choices.deviations,
      lines: () => recorder.lines,
    },
    async until(check, { within = "5m", label = "a condition" } = {}) {
      return waitFor(loop, {
        label,
        within,
        check: () => {
          const value = check();
          return value === false || value === undefined ? undefined : value;
        },
      });
    },
    async waitForState(experimentId, state, { within }) {
      await waitForState(loop, states.history, experimentId, state, within);
    },
    stateHistory: states.history,
    waitForMessage: async (socket, wait) => waitForMessage(loop, socket, wait),
    dispose,
    [Symbol.asyncDispose]: async () => dispose(),
  };
}

/** How long a peer may take to answer a close frame; longer than its own limit of 30 s. */
const closeHandshakeMs = 31_000;

// A test that called close() has left nothing open; the peer's answer is only still on its way.
async function closeHandshakes(loop: Loop, sockets: WorldSockets): Promise<void> {
  if (sockets.closing() === 0 || loop.failure !== undefined) return;
  await waitFor(loop, {
    label: "sockets to close",
    within: closeHandshakeMs,
    check: () => (sockets.closing() === 0 ? true : undefined),
  });
}
