// Uses every export of the main entry, in a project of its own against the packed package; see tools/check-package.mjs.
import assert from "node:assert/strict";
import http from "node:http";

import * as entry from "phoenix-sim";

const { createPhoenix, SimError } = entry;

/** Injects a fault, lets time pass under it, and heals it. */
const injected = (make) => async () => {
  const phoenix = await createPhoenix({ seed: 7, replicas: { gateway: 2 } });
  const handle = phoenix.faults.inject(make(entry.faults));
  assert.equal(typeof handle.name, "string");
  await phoenix.clock.advance("2s");
  await handle.heal();
  await phoenix.clock.advance("1m");
  await phoenix.dispose({ force: true });
};

/** How each fault is made: one line a member of the namespace `faults`. */
const makers = {
  clockDrift: ({ clockDrift }) => clockDrift("controller-0", 0.1),
  clockOffset: ({ clockOffset }) => clockOffset("controller-0", 100),
  clockStepBack: ({ clockStepBack }) => clockStepBack("controller-0", 100),
  clog: ({ clog }) => clog("gateway", "postgres", 50),
  collectorCrash: ({ collectorCrash }) => collectorCrash("node1"),
  commitLost: ({ commitLost }) => commitLost("gateway"),
  counterReset: ({ counterReset }) => counterReset("node1"),
  crash: ({ crash }) => crash("controller-0"),
  crashBetweenStatements: ({ crashBetweenStatements }) => crashBetweenStatements("controller-0", 2),
  deadlock: ({ deadlock }) => deadlock("gateway", 2),
  duplicate: ({ duplicate }) => duplicate("gateway", "generator", 2),
  duplicatedPost: ({ duplicatedPost }) => duplicatedPost("gateway"),
  halfOpen: ({ halfOpen }) => halfOpen("gateway", "redis"),
  hold: ({ hold }) => hold("gateway", "redis"),
  isolate: ({ isolate }) => isolate("redis"),
  lateReply: ({ lateReply }) => lateReply("gateway", "generator", 50),
  latencySpike: ({ latencySpike }) => latencySpike("gateway", "postgres", 50),
  loss: ({ loss }) => loss("gateway", "postgres", 3),
  missedScrape: ({ missedScrape }) => missedScrape(),
  partition: ({ partition }) => partition("gateway", "postgres"),
  partitionOneWay: ({ partitionOneWay }) => partitionOneWay("gateway", "postgres"),
  pause: ({ pause }) => pause("controller-0"),
  poolExhausted: ({ poolExhausted }) => poolExhausted(),
  postgresRestart: ({ postgresRestart }) => postgresRestart(),
  pubsubGap: ({ pubsubGap }) => pubsubGap(),
  redisFailover: ({ redisFailover }) => redisFailover(100),
  redisFlush: ({ redisFlush }) => redisFlush(),
  reorder: ({ reorder }) => reorder("gateway", "redis", 50),
  reset: ({ reset }) => reset("gateway", "postgres", 3),
  restartWithOldConfig: ({ restartWithOldConfig }) => restartWithOldConfig("node1"),
  rollingRestart: ({ rollingRestart }) => rollingRestart("gateway"),
  serializationFailure: ({ serializationFailure }) => serializationFailure("gateway", 2),
  slow: ({ slow }) => slow("postgres", 50),
  slowCollectors: ({ slowCollectors }) => slowCollectors("node1", 2),
  slowReader: ({ slowReader }) => slowReader(),
  socketDrop: ({ socketDrop }) => socketDrop(),
  statementTimeout: ({ statementTimeout }) => statementTimeout("gateway", 2),
  stuckReload: ({ stuckReload }) => stuckReload("node1"),
  truncatedBody: ({ truncatedBody }) => truncatedBody("generator"),
  unavailable: ({ unavailable }) => unavailable("generator"),
};

const uses = {
  async faults() {
    assert.deepEqual(Object.keys(entry.faults).toSorted(), Object.keys(makers).toSorted());
    for (const make of Object.values(makers)) await injected(make)();
  },

  async createPhoenix() {
    const phoenix = await createPhoenix({ seed: 7, trace: true, record: true });
    const experiment = await phoenix.client.createExperiment({ name: "cut-cost" });
    await phoenix.waitForState(experiment.id, "running", { within: "1m" });
    assert.equal((await phoenix.client.getExperiment(experiment.id)).state, "running");
    const { createHttpAgent, createConnection, createUndiciAgent } = await phoenix.realClients();
    const health = `${phoenix.url}/health`;
    const byHttp = (options) =>
      new Promise((resolve, reject) => {
        const request = http.get(health, options, (reply) => {
          reply.resume().on("end", () => resolve(reply.statusCode));
        });
        request.on("error", reject);
      });
    assert.equal(await byHttp({ agent: createHttpAgent() }), 200);
    assert.equal(await byHttp({ createConnection }), 200);
    const agent = await createUndiciAgent();
    const { statusCode, body } = await agent.request({ origin: phoenix.url, path: "/health", method: "GET" });
    assert.equal(statusCode, 200);
    await body.dump();
    await agent.close();
    const script = async (text) => phoenix.redis.command("EVAL", text, 1, "counter");
    assert.equal(await script("return redis.call('INCR', KEYS[1])"), 1);
    assert.equal(await script("return cjson.encode({ 65536 * 65536 })"), "[4294967296]");
    await assert.rejects(script("rawset(string, 'more', 1)"), /readonly table/);
    await phoenix.dispose();
  },
  async handlersOf() {
    const phoenix = await createPhoenix({ seed: 7 });
    const msw = await import("msw/node").catch(() => undefined);
    if (msw === undefined) {
      assert.throws(() => entry.handlersOf(phoenix), SimError);
    } else {
      const server = msw.setupServer(...entry.handlersOf(phoenix));
      server.listen();
      assert.equal((await fetch(`${phoenix.url}/health`)).status, 200);
      server.close();
    }
    await phoenix.dispose();
  },
  async NetworkError() {
    const phoenix = await createPhoenix({ seed: 7 });
    const outage = phoenix.services.gateway.stop();
    await assert.rejects(phoenix.client.listExperiments(), entry.NetworkError);
    await outage.heal();
    await phoenix.dispose();
  },
  async ApiError() {
    const phoenix = await createPhoenix({ seed: 7 });
    await assert.rejects(phoenix.client.createExperiment({ name: "x" }), entry.ApiError);
    await phoenix.dispose();
  },
  async SimError() {
    await assert.rejects(createPhoenix({ sede: 7 }), SimError);
  },
  async InvariantError() {
    const phoenix = await createPhoenix({ seed: 7 });
    phoenix.always("nothing is ever listed", () => false);
    await assert.rejects(phoenix.clock.advance("1s"), SimError);
    await phoenix.dispose({ force: true });
    assert.ok(Object.create(entry.InvariantError.prototype) instanceof SimError);
  },
  async invariants() {
    const phoenix = await createPhoenix({ invariants: entry.invariants.map(({ name }) => name) });
    await phoenix.dispose();
  },
  async faultKinds() {
    const { kind } = entry.faultKinds[0];
    const phoenix = await createPhoenix({ faults: { profile: `only-${kind}`, window: "1m" } });
    await phoenix.converge();
    await phoenix.dispose({ force: true });
  },
  faultKindNamed() {
    for (const each of entry.faultKinds) assert.equal(entry.faultKindNamed(each.kind), each);
    assert.throws(() => entry.faultKindNamed("none"), SimError);
  },
  async profileNames() {
    for (const faultsOf of entry.profileNames)
      await (await createPhoenix({ faults: faultsOf })).dispose({ force: true });
  },
  async defaultDriver() {
    assert.equal(await hashUnder(entry.defaultDriver()), await hashUnder(entry.defaultDriver()));
  },
  async seededDriver() {
    assert.equal(await hashUnder(entry.seededDriver(3)), await hashUnder(entry.seededDriver(3)));
    assert.notEqual(await hashUnder(entry.seededDriver(3)), await hashUnder(entry.seededDriver(4)));
  },
  async replayDriver() {
    const phoenix = await createPhoenix({ seed: 3, record: true });
    await phoenix.clock.advance("1m");
    const replayed = await hashUnder(entry.replayDriver(3, phoenix.trace.decisions()));
    assert.equal(replayed, phoenix.trace.hash());
    await phoenix.dispose();
  },
  async formatStep() {
    const phoenix = await createPhoenix({ trace: true });
    assert.notEqual(entry.formatStep(phoenix.trace.kept()[0]), "");
    await phoenix.dispose();
  },
  async formatLine() {
    const lines = [];
    const phoenix = await createPhoenix({ onLog: (line) => lines.push(entry.formatLine(line)) });
    await phoenix.client.createExperiment({ name: "logged" });
    await phoenix.clock.advance("1m");
    assert.ok(lines.length > 0 && lines.every((line) => typeof line === "string"));
    await phoenix.dispose();
  },
  async explore() {
    const seeds = [];
    const { runs } = await entry.explore({ name: "packed", runs: 2, seed: 7 }, ({ phoenix }) => {
      seeds.push(phoenix.seed);
    });
    // The first run is made twice, to see that it can be repeated.
    assert.deepEqual([runs, new Set(seeds).size], [2, 2]);
    const failing = entry.explore({ name: "packed", runs: 1 }, () => {
      throw new Error("on purpose");
    });
    await assert.rejects(failing, /on purpose[^]*npx phoenix-sim rerun px1\./);
  },
  scenarios() {
    for (const each of entry.scenarios) assert.equal(entry.scenarioNamed(each.name), each);
  },
  scenarioNamed() {
    assert.throws(() => entry.scenarioNamed("none"), SimError);
  },
  async runScenario() {
    const { ok } = await entry.runScenario(entry.scenarioNamed("lifecycle"), { seed: 1 });
    assert.equal(ok, true);
  },
  version() {
    assert.match(entry.version, /^\d+\.\d+\.\d+/);
  },
};

async function hashUnder(driver) {
  const phoenix = await createPhoenix({ seed: 3, driver });
  await phoenix.clock.advance("1m");
  const hash = phoenix.trace.hash();
  await phoenix.dispose();
  return hash;
}

// What is exported without a use here is not known to work; what is used but not exported is a mistake of this file.
assert.deepEqual(new Set(Object.keys(uses)), new Set(Object.keys(entry)));
for (const [name, use] of Object.entries(uses)) {
  try {
    await use();
  } catch (cause) {
    throw new Error(`The export ${name} does not work`, { cause });
  }
}
console.log(`every one of ${Object.keys(uses).length} exports of the main entry works`);
