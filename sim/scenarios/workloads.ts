/**
 * The small world of explorations: two clients of two tenants, one experiment of one minute that is watched,
 * renamed and reconfigured, one that is stopped, and a crash.
 */
import { ConvergenceError, type Phoenix, type PhoenixOptions } from "../world/index.js";
import type { Checks, Scenario } from "./index.js";

// A client that tries again, as a careful program does: what cannot be repeated safely carries a key.

type Client = Phoenix["client"];

const attemptsMax = 5;
const retryAfterMs = 2_000;

/**
 * Repeats a call while it fails as an outage does: no answer, or one of 500 and above.
 *
 * @returns What it gave; undefined when it was refused, or kept failing.
 */
async function retryUntil<T>(phoenix: Phoenix, call: () => Promise<T>): Promise<T | undefined> {
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (phoenix.failure !== undefined) throw phoenix.failure;
      const status = (error as { readonly status?: unknown }).status;
      if (typeof status === "number" && status < 500) return undefined;
    }
    await phoenix.clock.advance(retryAfterMs);
  }
  return undefined;
}

/** Creates an experiment under an idempotency key, as often as it takes. */
async function createWithRetries(
  phoenix: Phoenix,
  client: Client,
  body: Parameters<Client["createExperiment"]>[0],
): Promise<string | undefined> {
  const made = await retryUntil(phoenix, async () =>
    client.createExperiment(body, { idempotencyKey: `key-of-${body.name}` }),
  );
  return made?.id;
}

// What people do with an experiment now and then. Each such background operation has a chance of its own in a run, so
// that most runs stay short and a campaign reaches every part of the API.

interface BackgroundOperation {
  /** Stable: answers of recorded runs are found by it. */
  readonly name: string;
  readonly chance: number;
  /** Requests, one after the other. */
  readonly requests: (id: string) => readonly Request[];
}

type Request = readonly [method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", path: string, body?: object];

const of = (id: string, part: string): string => `/api/v1/experiments/${id}${part}`;

/** For an experiment that is still under way. */
const whileRunning: readonly BackgroundOperation[] = [
  {
    name: "load",
    chance: 0.2,
    requests: (id) => [
      ["POST", "/api/v1/load-simulations", { experiment_id: id, process_count: 10, duration: "25s" }],
      ["GET", "/api/v1/load-simulations"],
    ],
  },
  {
    name: "split",
    chance: 0.15,
    requests: (id) => [
      [
        "POST",
        "/api/v1/control/signals",
        { experiment_id: id, type: "traffic_split", parameters: { baseline: 30, candidate: 70 } },
      ],
      ["GET", `/api/v1/control/experiments/${id}/signals`],
    ],
  },
  {
    name: "rollback",
    chance: 0.15,
    requests: (id) => [
      ["POST", "/api/v1/control/signals", { experiment_id: id, type: "rollback", reason: "operation" }],
      ["GET", `/api/v1/control/experiments/${id}/drift`],
    ],
  },
  {
    name: "describe",
    chance: 0.15,
    requests: (id) => [["PUT", of(id, ""), { name: "described", description: "by a background operation" }]],
  },
  {
    name: "read-all",
    chance: 0.15,
    requests: (id) => [
      ...["/status", "/history", "/configs", "/deployments", "/metrics", "/results", "/analysis"].map(
        (part): Request => ["GET", of(id, part)],
      ),
      ["POST", "/api/v1/experiments/check-overlap", { name: "overlapping", target_nodes: ["node2"] }],
    ],
  },
  {
    name: "catalogues",
    chance: 0.1,
    requests: () => [
      ["GET", "/api/v1/load-simulations/profiles"],
      ["GET", "/api/v1/templates"],
      ["GET", "/api/v1/pipelines"],
    ],
  },
];

/** For an experiment that is over. */
const afterEnd: readonly BackgroundOperation[] = [
  {
    name: "promote",
    chance: 0.2,
    requests: (id) => [
      ["POST", of(id, "/promote"), { variant: "candidate" }],
      ["GET", of(id, "/cost-analysis")],
    ],
  },
  {
    name: "delete",
    chance: 0.2,
    requests: (id) => [
      ["DELETE", of(id, "")],
      ["GET", of(id, "")],
    ],
  },
];

/** Runs the background operations that come up, in order. */
async function runBackgroundOperations(
  phoenix: Phoenix,
  client: Client,
  id: string,
  when: "whileRunning" | "afterEnd",
): Promise<void> {
  for (const { name, chance, requests } of when === "whileRunning" ? whileRunning : afterEnd) {
    if (!phoenix.chance(`operation/${name}`, chance)) continue;
    for (const [method, path, body] of requests(id))
      await retryUntil(phoenix, async () =>
        client.call(method, path, body === undefined ? undefined : { body }),
      );
  }
}

// A client that follows events over a WebSocket, and comes back where it was when the socket ends.

interface Listener {
  close(): void;
}

const reconnectAfterMs = 1_500;

/** Opens a socket and subscribes to everything of the token's tenant. */
function listen(phoenix: Phoenix, token: string): Listener {
  let place: number | undefined;
  let socket = open();
  let closed = false;

  function open(): WebSocket {
    const next = new phoenix.WebSocket(`${phoenix.socketUrl}?token=${token}`);
    next.addEventListener("open", () => {
      const since = place === undefined ? {} : { since: place };
      next.send(JSON.stringify({ type: "subscribe", payload: { event: "experiment.updates" }, ...since }));
    });
    next.addEventListener("message", ({ data }) => {
      const position = /"position":(\d+)/.exec(String(data))?.[1];
      if (position !== undefined) place = Number(position);
    });
    next.addEventListener("close", () => {
      if (!closed) phoenix.at(reconnectAfterMs, "reconnect", reconnect);
    });
    return next;
  }

  function reconnect(): void {
    if (!closed) socket = open();
  }

  return {
    close() {
      closed = true;
      socket.close();
    },
  };
}

// A Prometheus for small worlds: the platform's own services are scraped, and rules evaluated, once a minute.
// Collectors are scraped as always, since results depend on them. Leaves time for more runs.

type WrapConfig = NonNullable<NonNullable<NonNullable<PhoenixOptions["platform"]>["prometheus"]>["config"]>;

type RuleFile = { readonly groups?: readonly object[] };

const scrapeInterval = "60s";

/** The same configuration with longer intervals. */
const infrequentScrapes: WrapConfig = (config) => ({
  ...config,
  rule_files: (config.rule_files ?? []).map((file) =>
    typeof file === "string" ? file : withLongerInterval(file),
  ),
  scrape_configs: (config.scrape_configs ?? []).map((job) =>
    job.static_configs === undefined ? job : Object.assign({}, job, { scrape_interval: scrapeInterval }),
  ),
});

function withLongerInterval({ groups = [] }: RuleFile): RuleFile {
  return { groups: groups.map((group) => Object.assign({}, group, { interval: scrapeInterval })) };
}

export const twoClients: Scenario = {
  name: "two-clients",
  summary: "two clients, an experiment of one minute, one that is stopped, and a crash",
  deadline: "30m",
  world: {
    nodes: 2,
    replicas: { gateway: 2, controller: 2 },
    // Sockets hear of most events by a message; looking seldom leaves time for more runs.
    platform: {
      // A few frames fill what a socket may be behind.
      gateway: { options: { eventPollMs: 5_000, socketBufferMax: 12_000 } },
      // Short leases and ticks, so that a controller is overtaken by another within the few seconds of a fault.
      // The hold outlasts a reload, so that a lease is held for a while.
      controller: { options: { leaseMs: 1_500, tickMs: 10_000, initHoldMs: 3_400 } },
      node: { options: { backgroundProcessCount: 12 } },
      prometheus: { config: infrequentScrapes },
    },
  },
  async run({ phoenix, check, step }) {
    const first = phoenix.clientFor("admin@tenant1.phoenix.io", "tenant1");
    const second = phoenix.clientFor("admin@tenant2.phoenix.io", "tenant2");

    step("two clients at work while something crashes");
    planCrash(phoenix);
    const login = await retryUntil(phoenix, async () => first.login("admin@tenant1.phoenix.io", "tenant1"));
    const listener = login === undefined ? undefined : listen(phoenix, login.token);
    try {
      const [mainId, stopped] = await Promise.all([
        watchOne(phoenix, first, check),
        stopOne(phoenix, second),
      ]);

      step("everybody looks at what there is");
      await Promise.all([lookAround(phoenix, first, mainId), lookAround(phoenix, second, mainId)]);
      const viewer = phoenix.clientFor("viewer@tenant1.phoenix.io", "tenant1");
      if (mainId !== undefined) await retryUntil(phoenix, async () => viewer.stopExperiment(mainId));

      step("the listener hears of the end");
      if (stopped !== undefined) await retryUntil(phoenix, async () => second.getMetrics(stopped));
      await phoenix.converge({ within: "30m" });
      if (mainId !== undefined) {
        await readResults(phoenix, first, mainId, check);
        await runBackgroundOperations(phoenix, first, mainId, "afterEnd");
      }
      if (phoenix.chance("probe", 0.25)) await probe(phoenix, second);
    } finally {
      listener?.close();
    }
    check.ok(phoenix.failure === undefined, "a world without failure");
  },
};

function planCrash(phoenix: Phoenix): void {
  if (!phoenix.chance("crash", 0.5)) return;
  const victim = phoenix.service(`controller-${phoenix.choose("crash/victim", 2)}`);
  const atMs = 66_000 * (phoenix.choose("crash/at", 48) / 47) ** 2.5;
  phoenix.at(atMs, "crash", () => {
    if (victim.host.state !== "down") victim.crash({ restartAfter: "3s" });
  });
}

// What a finished analysis says does not depend on how much the candidate saves.
const lenient = {
  min_cardinality_reduction: 0,
  max_latency_increase: 100,
  critical_process_coverage: 0,
  max_error_rate: 100,
};

async function watchOne(phoenix: Phoenix, client: Client, check: Checks): Promise<string | undefined> {
  await phoenix.clock.advance(500);
  const body = {
    name: "watched",
    target_nodes: ["node1", "node2"],
    config: { duration: "1m", success_criteria: lenient },
  };
  const id = await createWithRetries(phoenix, client, body);
  check.ok(id !== undefined, "an experiment is created");
  if (id === undefined) return undefined;
  await pause(phoenix, "rename/after", 3_000);
  await Promise.all([
    retryUntil(phoenix, async () => client.getExperiment(id)),
    retryUntil(phoenix, async () =>
      client.call("PATCH", `/api/v1/experiments/${id}`, { body: { name: "renamed" } }),
    ),
    retryUntil(phoenix, async () => client.startExperiment(id)),
  ]);
  await pause(phoenix, "reconfigure/after", 12_000);
  // As a client does that has forgotten what became of its first attempt.
  const again = phoenix.clientFor("admin@tenant1.phoenix.io", "tenant1");
  await createWithRetries(phoenix, again, body);
  const processors = [{ type: "filter", config: { include_patterns: ["nginx*", "postgres*"] } }];
  await retryUntil(phoenix, async () => client.updatePipelineConfig(id, processors));
  await runBackgroundOperations(phoenix, client, id, "whileRunning");
  await phoenix.clock.advance("50s");
  const states = phoenix.stateHistory(id);
  check.ok(!states.includes("failed"), `it is brought up, and it became ${states.join(" > ")}`);
  const metrics = await retryUntil(phoenix, async () => client.getMetrics(id));
  if (metrics !== undefined) {
    const series = [metrics.baseline_metrics, metrics.candidate_metrics].map(
      (side) => side.time_series_count,
    );
    check.ok(Math.min(...series) > 0, `both variants are measured: ${series.join(" and ")} series`);
  }
  await phoenix.clock.advance("10s");
  return id;
}

async function stopOne(phoenix: Phoenix, client: Client): Promise<string | undefined> {
  await pause(phoenix, "second/after", 2_000);
  const id = await createWithRetries(phoenix, client, {
    name: "stopped",
    target_nodes: ["node2"],
    config: { duration: "5m" },
  });
  if (id === undefined) return undefined;
  await pause(phoenix, "stop/after", 14_000);
  const again = phoenix.clientFor("admin@tenant2.phoenix.io", "tenant2");
  const stop = async (): Promise<void> => {
    // It may come in the middle of a background operation.
    await pause(phoenix, "stop/soon", 60);
    await retryUntil(phoenix, async () => again.stopExperiment(id));
  };
  await Promise.all([runBackgroundOperations(phoenix, client, id, "whileRunning"), stop()]);
  return id;
}

async function readResults(phoenix: Phoenix, client: Client, id: string, check: Checks): Promise<void> {
  const results = await retryUntil(phoenix, async () => client.getResults(id));
  if (results === undefined) return;
  const kept = results.critical_process_coverage;
  check.ok(kept > 35, `critical processes are kept: ${kept} %`);
}

async function lookAround(phoenix: Phoenix, client: Client, id: string | undefined): Promise<void> {
  await retryUntil(phoenix, async () => client.call("GET", "/api/v1/auth/me"));
  await retryUntil(phoenix, async () => client.listExperiments());
  await retryUntil(phoenix, async () => client.listExperiments({ limit: 1, offset: 1 }));
  await retryUntil(phoenix, async () => client.getExperiment(unknownId));
  if (id === undefined) return;
  for (const call of [client.getExperiment, client.getMetrics, client.getConfigs])
    await retryUntil(phoenix, async () => call(id));
}

const unknownId = "00000000-0000-4000-8000-000000000000";

/** When everything is in order again, a new experiment comes to run. */
async function probe(phoenix: Phoenix, client: Client): Promise<void> {
  const body = { name: "probe", target_nodes: ["node1"] };
  let id: string | undefined;
  // What was lost on its way is sent again later and later, also after the way is open.
  for (let attempt = 0; attempt < 5 && id === undefined; attempt++)
    id = await createWithRetries(phoenix, client, body);
  const running = (): boolean => id !== undefined && phoenix.stateHistory(id).includes("running");
  for (let seconds = 0; seconds < 180 && !running(); seconds += 2) await phoenix.clock.advance("2s");
  if (!running()) {
    const states = id === undefined ? "nothing" : phoenix.stateHistory(id).join(" > ");
    throw new ConvergenceError("recovery", "3m", `a new experiment became ${states}`);
  }
  await retryUntil(phoenix, async () => client.stopExperiment(id ?? ""));
}

// Twenty steps, of which most are short: races are won by a little.
async function pause(phoenix: Phoenix, name: string, mostMs: number): Promise<void> {
  const share = phoenix.choose(name, 20) / 19;
  if (share > 0) await phoenix.clock.advance(mostMs * share * share);
}

// A Prometheus for the smallest world: it scrapes collectors, on which results depend, and neither the platform's own
// services nor its rules, which nothing in an exploration looks at. Leaves time for more runs.

/** The same configuration without rules and without services that are scraped by name. */
const collectorsOnly: WrapConfig = (config) => ({
  ...config,
  rule_files: [],
  scrape_configs: (config.scrape_configs ?? []).filter(({ static_configs: byName }) => byName === undefined),
});

// The smallest world worth exploring: two clients, one experiment of one minute, and one crash. Several times
// cheaper than the others, for a look at every commit.

const victims = ["controller-0", "gateway-0", "postgres-0", "redis-0", "node1", "generator-0"];

export const oneCrash: Scenario = {
  name: "one-crash",
  summary: "two clients, one experiment of one minute, and one crash",
  deadline: "30m",
  world: {
    nodes: 1,
    replicas: { gateway: 1, controller: 1 },
    // Short leases, so that the next life of the controller takes over from the last within the minute.
    platform: {
      controller: { options: { leaseMs: 1_500, tickMs: 15_000 } },
      node: { options: { backgroundProcessCount: 6 } },
      prometheus: { config: collectorsOnly },
    },
  },
  async run({ phoenix, check, step }) {
    const first = phoenix.clientFor("admin@tenant1.phoenix.io", "tenant1");
    const second = phoenix.clientFor("admin@tenant2.phoenix.io", "tenant2");

    step("an experiment runs while something crashes");
    planOneCrash(phoenix);
    const id = await createWithRetries(phoenix, first, {
      name: "watched",
      target_nodes: ["node1"],
      config: { duration: "1m" },
    });
    await phoenix.clock.advance("75s");

    step("both clients look at what there is");
    await Promise.all([
      retryUntil(phoenix, async () => second.listExperiments()),
      id === undefined ? undefined : retryUntil(phoenix, async () => first.getResults(id)),
    ]);
    check.ok(phoenix.failure === undefined, "a world without failure");
  },
};

function planOneCrash(phoenix: Phoenix): void {
  const victim = phoenix.service(victims[phoenix.choose("crash/victim", victims.length)] ?? "controller-0");
  // Early moments lie closer together: that is where most happens.
  const atMs = 300 * phoenix.choose("crash/at", 48) ** 1.4;
  phoenix.at(atMs, "crash", () => {
    if (victim.host.state !== "down") victim.crash({ restartAfter: "3s" });
  });
}
