/** `createPhoenix`: a whole platform in one world. The one file that knows every part. */
import { SimError } from "../errors.js";
import {
  advance,
  createChoiceLog,
  createLoop,
  createOrigins,
  createVirtualClock,
  holdWhile,
  parseDuration,
  seededDriver,
  type Loop,
} from "../kernel/index.js";
import { createNetwork, sendHttp } from "../kernel/network/index.js";
import { createRecorder } from "../kernel/trace.js";
import { checkOptions, didYouMean } from "../shared/text.js";
import type { Phoenix } from "./api.js";
import { createClient, type Send } from "./client/index.js";
import {
  createCluster,
  createObservers,
  createServerFaultHooks,
  createSimulatedNode,
  gatewayBodyBytesMax,
  gatewayPort,
  prometheusPort,
  type Service,
} from "./cluster/index.js";
import { createDispose, describeLeftOpen, leftOpen } from "./dispose.js";
import { createDrivers } from "./drivers.js";
import {
  createClientStreams,
  createRealClients,
  createWorldFetch,
  createWorldSockets,
  describeRequest,
  installGlobals,
  listenOnPort,
  mockNow,
  waitForMessage,
  watchCallers,
} from "./edges/index.js";
import {
  createNetworkFacade,
  createPostgresFacade,
  createRedisFacade,
  createTraceFacade,
} from "./facades.js";
import { statementsOfMock } from "../servers/postgres/index.js";
import { keysOfMock } from "../servers/redis/index.js";
import { createMonitor, type Monitor } from "./monitor.js";
import { resolvePhoenixOptions, type PhoenixOptions } from "./options.js";
import { createGuard, guarded, guardedClient, type WorldParts } from "./parts.js";
import { createThirdParties } from "./third-parties.js";
import { createStateWatch, until, waitForState } from "./waits.js";

/** Who the default client logs in as. */
const administrator = { email: "admin@phoenix.io", password: "admin123" };

/** How long a client of a test waits for one reply. */
const clientTimeoutMs = 30_000;

const origin = `gateway:${gatewayPort}`;

/**
 * Builds a world, starts every service in it, and resolves when all are ready.
 *
 * @throws SimError `SIM_OPTION_INVALID` naming the option, the value found and what is allowed.
 * @throws SimError `SIM_GLOBALS_BUSY` when another world has the globals that this one asks for.
 */
export async function createPhoenix(options: PhoenixOptions = {}): Promise<Phoenix> {
  const resolved = resolvePhoenixOptions(options);
  let monitor: Monitor | undefined;
  const callers = resolved.trace ? watchCallers() : undefined;
  const recorder = createRecorder({ keepSteps: resolved.trace, onLine: resolved.onLog });
  const loop = createLoop({
    clock: createVirtualClock(resolved.epochMs),
    choices: createChoiceLog(resolved.driver ?? seededDriver(resolved.seed), {
      record: resolved.record,
      explain: resolved.trace,
    }),
    limits: resolved.limits,
    // Explorations record: what a run of theirs leaves open is reported with its place.
    origins: createOrigins(resolved.record && !resolved.trace ? 0 : undefined),
    onStep(step) {
      monitor?.properties.onQuiescence();
      callers?.step();
      if (resolved.trace) recorder.step(step);
      resolved.onStep?.(step);
    },
    onFailure: resolved.onFailure,
  });
  if (resolved.between !== undefined) loop.quiesceMacrotasks(resolved.between);
  const network = createNetwork(loop, resolved.link);
  const [observers, faultHooks] = [createObservers(), createServerFaultHooks()];
  const world = { loop, network, recorder, observers, faultHooks };
  const cluster = createCluster(world, resolved);
  const tables = resolved.postgres.fixtures;
  if (tables !== undefined) cluster.postgres.load(statementsOfMock(tables));
  const { fixtures } = resolved.redis;
  if (fixtures !== undefined) cluster.redis.load(keysOfMock(fixtures, resolved.epochMs, mockNow()));
  const incarnation = network.fabric.addHost("client", true).boot();
  const outside = createThirdParties(network, loop, resolved.outside);
  const fetch = createWorldFetch({ network, incarnation, loop, outside: outside?.parties, callers });
  const sockets = createWorldSockets({ network, loop, incarnation, require: outside?.parties.requireSocket });
  const streams = createClientStreams({ network, incarnation, loop, callers });
  const drivers = createDrivers({ network, incarnation, loop, callers });
  try {
    for (const service of cluster.all) await service.start();
    await outside?.service.start();
    const globals = resolved.globals
      ? await installGlobals({
          loop,
          fabric: network.fabric,
          fetch,
          sockets,
          streams: {
            ...streams,
            adopt: (socket, to) => drivers.adopt(socket, to) || streams.adopt(socket, to),
          },
          isPassing: outside?.parties.isPassing,
          name: `seed ${resolved.seed}`,
        })
      : undefined;
    const parts: WorldParts = {
      options: resolved,
      loop,
      network,
      cluster,
      incarnation,
      fetch,
      sockets,
      streams,
      drivers,
      callers,
      outside: outside?.service,
      globals,
      recorder,
      observers,
      faultHooks,
    };
    monitor = createMonitor(parts);
    return assemble(parts, monitor);
  } catch (error) {
    cluster.redis.dispose();
    callers?.end();
    loop.close();
    throw error;
  }
}

function assemble(parts: WorldParts, monitor: Monitor): Phoenix {
  const { options, loop, network, cluster, incarnation, sockets, drivers, globals } = parts;
  const states = createStateWatch();
  cluster.postgres.inspect.onCommit(states.committed);
  const postgres = createPostgresFacade(loop, cluster.postgres, drivers);
  const disposal = createDispose(parts, postgres, drivers);
  const guard = createGuard(() => disposal.isDisposed);
  const send = createSend(parts);
  const phoenix: Phoenix = {
    seed: options.seed,
    url: `http://${origin}`,
    socketUrl: `ws://${origin}/ws`,
    client: guardedClient(createClient({ send, auth: administrator }), "client", guard),
    clientFor: (email, password) =>
      guardedClient(createClient({ send, auth: { email, password } }), `clientFor("${email}")`, guard),
    fetch: parts.fetch,
    plainFetch: globals === undefined ? parts.fetch : globalThis.fetch,
    WebSocket: sockets.WebSocket,
    setReading: sockets.setReading,
    realClients: async () => createRealClients({ streams: parts.streams }),
    listen: async (given = {}) => {
      checkOptions("listen", given, ["target", "port"]);
      const { target = "gateway", port = 0 } = given;
      const bodyMax =
        target === "gateway" ? { bodyBytesMax: gatewayBodyBytesMax(options.platform.gateway) } : {};
      return listenOnPort({
        network,
        incarnation,
        loop,
        port,
        target: `http://${target}:${portsOf[target]}`,
        ...bodyMax,
      });
    },
    clock: {
      get nowMs() {
        return loop.clock.nowMs;
      },
      get date() {
        return new Date(loop.clock.unixMs);
      },
      advance: async (duration) => advance(loop, duration),
      followRealTime: (given = {}) => followRealTime(loop, given),
    },
    services: cluster.groups,
    service: (hostName) =>
      findService([...cluster.all, ...(parts.outside === undefined ? [] : [parts.outside])], hostName),
    node: (name) =>
      createSimulatedNode(findService([...cluster.nodes.values()], name), () => cluster.agent(name)),
    postgres,
    redis: createRedisFacade(loop, cluster.redis, drivers),
    prometheus: {
      query: (expr, timeMs) => cluster.prometheus().query(expr, timeMs),
      queryRange: (expr, startMs, endMs, stepMs) =>
        cluster.prometheus().queryRange(expr, startMs, endMs, stepMs),
      targets: () => cluster.prometheus().targets(),
    },
    network: createNetworkFacade(network, monitor.faults),
    trace: createTraceFacade(parts),
    faults: {
      ...monitor.faults,
      healAll: monitor.heal,
      injected: () => monitor.nemesis.injected,
    },
    always: monitor.properties.always,
    sometimes: monitor.properties.sometimes,
    reachable: monitor.properties.reachable,
    get sometimesSeen() {
      return monitor.properties.sometimesSeen;
    },
    choose: (name, count) => loop.choices.choose("timing", `workload/${name}`, count),
    chance: (name, probability) => loop.choices.chance("fault", `workload/${name}`, probability),
    at(delay, label, run) {
      loop.schedule(parseDuration(delay, "a delay"), "fault", label, run);
    },
    converge: async (given = {}) => {
      checkOptions("converge", given, ["within"]);
      return monitor.converge(given.within ?? "20m");
    },
    get failure() {
      return loop.failure;
    },
    until: async (check, options) => until(loop, check, options),
    waitForState: async (experimentId, state, wait) => waitForState(loop, states, experimentId, state, wait),
    stateHistory: states.history,
    waitForMessage: async (socket, wait) => waitForMessage(loop, socket, wait),
    waiting: () => [...realIoOf(loop), ...leftOpen(parts, postgres).map(describeLeftOpen)],
    dispose: disposal.dispose,
    [Symbol.asyncDispose]: async () => disposal.dispose(),
  };
  return guarded(phoenix, guard);
}

const portsOf = { gateway: gatewayPort, prometheus: prometheusPort } as const;

function createSend({ loop, network, incarnation, callers }: WorldParts): Send {
  return async (method, path, headers, body) => {
    const request = { method, url: `http://${origin}${path}`, headers, body };
    const describe = callers && describeRequest(callers, method, path);
    const exchange = sendHttp(network, incarnation, request, clientTimeoutMs, { describe });
    return holdWhile(loop, `${method} ${path}`, exchange);
  };
}

function findService(services: readonly Service[], hostName: string): Service {
  const names = services.map(({ name }) => name);
  const found = services.find(({ name }) => name === hostName);
  if (found !== undefined) return found;
  throw new SimError(
    "SIM_HOST_UNKNOWN",
    `There is no service on a host "${hostName}".`,
    didYouMean(hostName, names),
  );
}

function realIoOf(loop: Loop): readonly string[] {
  const io = loop.realIo();
  return io === undefined ? [] : [`real I/O, for which virtual time stands still: ${io.what}`];
}

function followRealTime(loop: Loop, given: { readonly speed?: number }): () => void {
  checkOptions("clock.followRealTime", given, ["speed"]);
  const { speed = 1 } = given;
  if (Number.isFinite(speed) && speed > 0) return loop.followRealTime(speed);
  throw new SimError(
    "SIM_OPTION_INVALID",
    `Cannot follow real time at the speed ${String(speed)}.`,
    "Give a number above 0: how many virtual seconds pass in a real one.",
  );
}
