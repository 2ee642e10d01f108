/** Every invariant that is watched in every run. */
import { isDeepStrictEqual } from "node:util";

import { legalTransitions } from "./legal-transitions.js";
import { linearizable, linearizableReads } from "./linearizable.js";
import { canonicalBody, readExperimentPath, requestedName } from "./requests.js";
import { bearerToken, socketOrder } from "./sockets.js";
import { tenantIsolation } from "./tenant-isolation.js";
import {
  jsonOf,
  textOf,
  textsOf,
  type Answer,
  type Invariant,
  type InvariantView,
  type RowChange,
  type RowImage,
  type Writer,
} from "./watch.js";

// A token that a gateway gave out is good at every gateway until it is old.

// Clocks of hosts may be off by an hour.
const clockSlackMs = 7_200_000;

// By its own clock a gateway is right to the request.
const hostSlackMs = 60_000;

// What these refuse is in their bodies: a token in the header is not asked for.
const openTokenPaths = /^\/(?:api\/)?v1\/auth\/(?:login|refresh|register|password-reset\/)/;

const tokenValidity: Invariant = {
  name: "token-validity",
  summary: "a token that was given out is accepted everywhere until shortly before its end",
  watch(view) {
    const given = new Set<string>();
    return {
      onResponse({ method, path, status, headers, json, claims, hostNowMs }) {
        const token = json?.["token"];
        if (status === 200 && path.includes("/auth/") && typeof token === "string") given.add(token);
        if (status !== 401 || claims === undefined || openTokenPaths.test(path)) return;
        const leftMs = claims.expiresAtMs - view.epochMs - view.nowMs;
        const isGood = leftMs > clockSlackMs && claims.expiresAtMs - hostNowMs > hostSlackMs;
        if (isGood && given.has(bearerToken(headers["authorization"]) ?? ""))
          view.fail(
            `${method} ${path} refused a token that is good for ${Math.round(leftMs / 60_000)} min more`,
          );
      },
    };
  },
};

// A gateway knows what went wrong: outages are 503, and nothing is a 500.

const noInternalError: Invariant = {
  name: "no-internal-error",
  summary: "no gateway answers 500",
  watch: ({ fail }) => ({
    onResponse({ method, path, status, body }) {
      if (status === 500) fail(`${method} ${path} was answered 500: ${body}`);
    },
  }),
};

// Every experiment comes to an end, and its controller lets go of it.

const everyExperimentEnds: Invariant = {
  name: "every-experiment-ends",
  summary: "every experiment reaches a terminal state and is closed",
  watch: ({ experiments }) => ({
    pending() {
      for (const { id, state, open, reason, lease_owner: owner, lease_token: token } of experiments()) {
        if (open === false) continue;
        const held = owner === null ? "held by nobody" : `held by ${textOf(owner)}`;
        return `experiment ${textOf(id)} is ${textOf(state)} (${textOf(reason)}), ${held}, token ${textOf(token)}`;
      }
      return undefined;
    },
  }),
};

// Nothing of an experiment is left on nodes once it has ended.

const noOrphans: Invariant = {
  name: "no-orphans",
  summary: "no collector is left on any node once its experiment has ended",
  // A tick, the length of a lease and some retries find whatever a lost message hid.
  pendingMsMax: 180_000,
  watch: ({ experiment, collectors }) => ({
    pending() {
      for (const [node, running] of collectors()) {
        for (const { experimentId, variant } of running) {
          const state = experiment(experimentId)?.["state"];
          const ended = state === undefined || ["completed", "failed", "cancelled"].includes(textOf(state));
          if (ended) return `${node} runs the ${variant} of ${experimentId}, which is ${textOf(state)}`;
        }
      }
      return undefined;
    },
  }),
};

// Every experiment has an id of its own.

const uniqueIds: Invariant = {
  name: "unique-ids",
  summary: "no two experiments are acknowledged under one id",
  watch({ fail }) {
    const seen = new Map<string, string>();
    return {
      onResponse({ method, path, status, headers, json, requestBody, claims }) {
        if (method !== "POST" || status !== 201 || !path.endsWith("/experiments")) return;
        const id = String(json?.["id"]);
        const key = headers["idempotency-key"];
        const request =
          key === undefined
            ? `${seen.size}`
            : JSON.stringify([claims?.tenant, claims?.user, key, canonicalBody(requestBody)]);
        const known = seen.get(id);
        if (known !== undefined && known !== request) fail(`two requests got the id ${id}`);
        seen.set(id, request);
      },
    };
  },
};

// Load simulations end with their experiment at the latest, in the database and on nodes.

const atWork = new Set(["pending", "running"]);

const loadsEnd: Invariant = {
  name: "loads-end",
  summary: "no load goes on, in the database or on a node, once it was stopped or its experiment was closed",
  pendingMsMax: 180_000,
  watch(view) {
    const states = new Map<string, string>();
    return {
      onCommit(changes) {
        for (const { table, key, after } of changes)
          if (table === "load_simulations" && after !== null) states.set(key, textOf(after["state"]));
      },
      pending() {
        for (const [id, state] of states) if (atWork.has(state)) return `the load ${id} is ${state}`;
        for (const [node, loads] of view.loads())
          for (const { loadId } of loads)
            if (states.get(loadId) === "stopped") return `${node} has the load ${loadId}, which was stopped`;
        return undefined;
      },
    };
  },
};

// Viewers change nothing, and anonymous clients get nothing.

// Socket.IO introduces its clients in frames, also when these come as requests: see socket-claims.ts.
const openPaths = /^(?:\/(?:health|ready|metrics|openapi\.json)$|\/socket\.io\/?$|\/(?:api\/)?v1\/auth\/)/;

// RFC 9110 9.2.1: these ask for no change.
const safe = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

const roles: Invariant = {
  name: "roles",
  summary: "viewers change nothing, and without a token nothing is answered",
  watch: ({ fail }) => ({
    onResponse({ method, path, status, claims, body }) {
      if (status >= 300 || openPaths.test(path)) return;
      // What a server can do is no secret, and browsers ask for it without a token.
      if (method === "OPTIONS" && body === "") return;
      if (claims === undefined) fail(`${method} ${path} was answered ${status} without a token`);
      else if (
        !safe.has(method) &&
        !claims.roles.some((role) => role === "user" || role === "admin") &&
        !/\/(?:check-overlap|validate|preview)$/.test(path)
      )
        fail(`${method} ${path} of a ${claims.roles.join()} was answered ${status}`);
    },
  }),
};

// Metrics of an experiment come from its own nodes.

const ownNodes: Invariant = {
  name: "own-nodes",
  summary: "metrics of an experiment come only from its own nodes",
  watch({ fail, experiment, experiments, nodesOfSeries }) {
    return {
      onResponse({ path, status, json }) {
        const { id, rest } = readExperimentPath(path) ?? {};
        if (id === undefined || rest !== "/metrics" || status !== 200) return;
        const targets = textsOf(experiment(id)?.["target_nodes"]);
        const node = (json?.["labels"] as { readonly node?: unknown } | undefined)?.node;
        const named = Array.isArray(node) ? node.map(String) : textOf(node).split(",");
        const strange = named
          .map((name) => name.trim())
          .find((name) => name !== "" && !targets.includes(name));
        if (strange !== undefined) fail(`metrics of ${id} name ${strange}, which is not among its nodes`);
      },
      finished() {
        for (const row of experiments()) {
          const targets = textsOf(row["target_nodes"]);
          const strange = nodesOfSeries(String(row["id"])).find((node) => !targets.includes(node));
          if (strange !== undefined) fail(`Prometheus has series of ${String(row["id"])} from ${strange}`);
        }
      },
    };
  },
};

// A request that is sent again under its idempotency key has one effect and one answer.

const idempotency: Invariant = {
  name: "idempotency",
  summary: "all requests with one idempotency key have one effect and get one answer",
  watch({ fail }) {
    const answers = new Map<string, { readonly body: string; readonly request: string }>();
    const effects = new Map<string, string>();
    return {
      onCommit(changes) {
        for (const { table, after } of changes)
          if (table === "idempotency_keys" && after !== null)
            effects.set(textOf(after["scope"]), textOf(after["experiment_id"]));
      },
      onResponse({ method, path, status, headers, claims, body, json, requestBody }) {
        const key = headers["idempotency-key"];
        if (key === undefined || method !== "POST" || status !== 201 || !path.endsWith("/experiments"))
          return;
        const scope = `${claims?.tenant}/${claims?.user}/${key}`;
        const effect = effects.get(scope);
        if (effect !== undefined && effect !== json?.["id"])
          fail(`the key "${key}" belongs to ${effect} and was answered with ${textOf(json?.["id"])}`);
        const known = answers.get(scope);
        const request = canonicalBody(requestBody);
        if (known === undefined) answers.set(scope, { body, request });
        else if (known.request !== request) fail(`the key "${key}" was accepted for two different requests`);
        else if (known.body !== body) fail(`the key "${key}" got two different answers`);
      },
    };
  },
};

// An experiment runs as long as it was asked to, and is analyzed once.

// Finding what was left behind and taking it over takes a tick, a lease and some retries.
const lateMsMax = 180_000;

// The database writes down when it begins, before the event and the COMMIT: each may be late by ten seconds, after
// which the database ends the transaction.
const slackMs = 20_000;

const runDuration: Invariant = {
  name: "run-duration",
  summary: "an experiment runs for its duration, and not much longer while nothing is wrong",
  watch(view) {
    const startedAtMs = new Map<string, number>();
    let calmSinceMs = Infinity;
    return {
      onCommit(changes) {
        for (const { table, key, before, after } of changes) {
          if (table !== "experiments" || after === null || before?.["state"] === after["state"]) continue;
          if (after["state"] === "running") startedAtMs.set(key, view.nowMs);
          if (after["state"] !== "analyzing") continue;
          const config = jsonOf(after["config"]) as { readonly duration_ms?: number } | undefined;
          const ranMs = view.nowMs - (startedAtMs.get(key) ?? 0);
          const dueMs = (startedAtMs.get(key) ?? 0) + (config?.duration_ms ?? 0);
          const lateMs = view.nowMs - Math.max(dueMs, calmSinceMs);
          if (lateMs > lateMsMax) view.fail(`experiment ${key} ended ${Math.round(lateMs)} ms too late`);
          if (ranMs + slackMs < (config?.duration_ms ?? 0))
            view.fail(`experiment ${key} ran ${Math.round(ranMs)} ms of ${config?.duration_ms} ms`);
        }
      },
      // Asked for the first time when all faults have ended: from then on nothing is late.
      pending() {
        calmSinceMs = Math.min(calmSinceMs, view.nowMs);
        return undefined;
      },
    };
  },
};

// When an experiment becomes running, both collectors are on each of its nodes.

const runningMeansDeployed: Invariant = {
  name: "running-means-deployed",
  summary: "an experiment that runs has both collectors on each of its nodes, and on no other",
  watch: ({ fail, collectors, rows, versionOnceLive }) => ({
    onCommit(changes) {
      for (const { table, key, before, after } of changes) {
        const applied = Number(after?.["applied_version"]);
        if (table !== "experiments" || !(applied > Number(before?.["applied_version"]))) continue;
        for (const node of textsOf(after?.["target_nodes"]))
          for (const variant of ["baseline", "candidate"])
            if (versionOnceLive(node, key, variant) < applied)
              fail(`version ${applied} of ${key} counts as applied, and ${node} never ran it as ${variant}`);
        const configs = rows("generated_configs");
        for (const { experimentId, variant, version, config } of [...collectors().values()].flat()) {
          if (experimentId !== key) continue;
          const stored = configs.find((row) => row["experiment_id"] === key && row["version"] === version);
          if (stored !== undefined && stored[`${variant}_config`] !== config)
            fail(`the ${variant} of ${key} runs another configuration than version ${version}`);
        }
      }
      for (const { table, key, before, after } of changes) {
        if (table !== "experiments" || after?.["state"] !== "running" || before?.["state"] === "running")
          continue;
        const targets = new Set(textsOf(after["target_nodes"]));
        for (const [node, running] of collectors()) {
          const count = running.filter(({ experimentId }) => experimentId === key).length;
          // A node may come back with an old disk between its answer and the commit: then both ran there once.
          const lost = ["baseline", "candidate"].every((variant) => versionOnceLive(node, key, variant) > 0);
          if (targets.has(node) && count !== 2 && !lost)
            fail(`experiment ${key} became running with ${count} of 2 collectors on ${node}`);
          if (!targets.has(node) && count > 0)
            fail(`experiment ${key} has ${count} collectors on ${node}, which is not among its nodes`);
        }
      }
    },
  }),
};

// Each change of state is committed together with the event that tells of it, and events are never changed.

const atomicEventLog: Invariant = {
  name: "atomic-event-log",
  summary: "a transition and its event are committed together, numbered without gaps",
  watch({ fail }) {
    const lastSeq = new Map<string, number>();

    function added({ key, after }: RowChange): void {
      const [id, seq] = [String(after?.["experiment_id"]), Number(after?.["seq"])];
      const last = lastSeq.get(id) ?? 0;
      if (seq !== last + 1) fail(`event ${key} follows number ${last} of its experiment`);
      lastSeq.set(id, Math.max(last, seq));
    }

    return {
      onCommit(changes) {
        const events = changes.filter(({ table }) => table === "experiment_events");
        const fresh = events
          .filter(({ before }) => before === null)
          .sort((a, b) => Number(a.after?.["seq"]) - Number(b.after?.["seq"]));
        fresh.forEach(added);
        for (const { key, before, after } of events)
          if (before !== null && before["to_state"] !== after?.["to_state"]) fail(`event ${key} was changed`);
        for (const { table, key, before, after } of changes) {
          if (table !== "experiments" || before === null || after === null) continue;
          if (before["state"] === after["state"]) continue;
          const announced = fresh.some(
            (event) =>
              event.after?.["experiment_id"] === after["id"] &&
              event.after?.["from_state"] === before["state"] &&
              event.after?.["to_state"] === after["state"],
          );
          if (!announced) fail(`experiment ${key} became ${String(after["state"])} without an event`);
        }
      },
    };
  },
};

// Whoever was overtaken writes no more: a controller changes only what it holds.

const watched = ["state", "applied_version", "init_started_at", "open", "lease_owner"] as const;

const fencing: Invariant = {
  name: "fencing",
  summary: "no write by a holder of an old lease",
  watch({ fail }) {
    const holders = new Map<string, string>();

    function check({ key, before, after }: RowChange, by: Writer): void {
      if (before === null || after === null) return;
      const who = `${by.host} in incarnation ${by.incarnation}`;
      const claimed =
        after["lease_owner"] !== null && Number(after["lease_token"]) > Number(before["lease_token"]);
      if (claimed) {
        holders.set(key, who);
        return;
      }
      const column = watched.find((name) => !same(before[name], after[name]));
      const holder = holders.get(key);
      // Giving back twice changes nothing; writing over what another holds is wrong whatever is written.
      if (before["lease_owner"] === null) {
        if (column !== undefined) fail(`${who} changed ${column} of experiment ${key}, which nobody holds`);
      } else if (holder !== undefined && holder !== who) {
        fail(`${who} wrote ${column ?? "the same again"} to experiment ${key}, which ${holder} holds`);
      }
    }

    return {
      onCommit(changes, by) {
        if (by === undefined || !by.host.startsWith("controller")) return;
        for (const change of changes) if (change.table === "experiments") check(change, by);
      },
    };
  },
};

function same(a: unknown, b: unknown): boolean {
  return a instanceof Date && b instanceof Date ? a.getTime() === b.getTime() : a === b;
}

// What people set stays until people change it: no write of the platform puts an older value back.

// Each column, and the event without which it must not change.
const owned: readonly (readonly [column: string, events: readonly string[]])[] = [
  ["name", ["updated"]],
  ["description", ["updated"]],
  ["promoted_variant", ["promoted"]],
  ["deleted", ["deleted"]],
  ["tenant_id", []],
  ["target_nodes", []],
  ["created_by", []],
];

const noLostUpdate: Invariant = {
  name: "no-lost-update",
  summary: "what people set changes only with an event that says so, and nothing counts backwards",
  watch: ({ fail }) => ({
    onCommit(changes) {
      const types = new Set(
        changes
          .filter(({ table, before }) => table === "experiment_events" && before === null)
          .map(({ after }) => String(after?.["type"])),
      );
      for (const { table, key, before, after } of changes) {
        if (table !== "experiments" || before === null || after === null) continue;
        for (const [column, events] of owned) {
          if (isDeepStrictEqual(before[column], after[column]) || events.some((type) => types.has(type)))
            continue;
          fail(
            `${column} of experiment ${key} became ${JSON.stringify(after[column])}, and no event of the same commit says so`,
          );
        }
        for (const column of ["event_seq", "lease_token"])
          if (Number(after[column]) < Number(before[column]))
            fail(
              `${column} of experiment ${key} went back from ${String(before[column])} to ${String(after[column])}`,
            );
      }
    },
  }),
};

// A completed experiment has results, one set, with a recommendation and finite figures.

const results: Invariant = {
  name: "results",
  summary: "a completed experiment has one set of results, with a recommendation and finite figures",
  watch({ fail, rows }) {
    return {
      onCommit(changes) {
        for (const { table, key, before, after } of changes) {
          if (table === "experiment_results") {
            if (before !== null || after === null) fail(`the results of ${key} were changed`);
            else {
              const stored = (jsonOf(after["results"]) ?? {}) as Readonly<Record<string, unknown>>;
              if (!after["recommendation"]) fail(`the results of ${key} recommend nothing`);
              for (const name of ["cardinality_reduction", "latency_increase", "critical_process_coverage"])
                if (!Number.isFinite(stored[name])) fail(`${name} of ${key} is ${String(stored[name])}`);
              checkFigures(key, stored, fail);
            }
          }
          if (
            table !== "experiments" ||
            after?.["state"] !== "completed" ||
            before?.["state"] === "completed"
          )
            continue;
          if (!rows("experiment_results").some((row) => row["experiment_id"] === key))
            fail(`experiment ${key} completed without results`);
        }
      },
    };
  },
};

const figures = [
  "time_series_count",
  "process_count",
  "samples_per_second",
  "hourly_cost_usd",
  "cpu_usage",
  "memory_usage",
  "latency_p95_ms",
] as const;

type Figures = Readonly<Record<string, unknown>>;

// Formulas written out once more, so that a mistake in the platform's own shows.
function checkFigures(key: string, stored: Figures, fail: (problem: string) => void): void {
  const sides = ["baseline_metrics", "candidate_metrics"].map((side) => (stored[side] ?? {}) as Figures);
  for (const metrics of sides) {
    for (const name of figures) {
      const value = metrics[name];
      if (!Number.isFinite(value) || Number(value) < 0) fail(`${name} of ${key} is ${String(value)}`);
    }
    // Each process tells several series.
    if (Number(metrics["time_series_count"]) < Number(metrics["process_count"]))
      fail(`${key} has more processes than series`);
  }
  const [baseline = 0, candidate = 0] = sides.map((metrics) => Number(metrics["time_series_count"]));
  const reduction = baseline === 0 ? 0 : ((baseline - candidate) / baseline) * 100;
  if (Math.abs(reduction - Number(stored["cardinality_reduction"])) > 1)
    fail(`the reduction of ${key} is ${String(stored["cardinality_reduction"])}, and not ${reduction}`);
}

// What a gateway has acknowledged is committed when the answer leaves, and stays.

const acknowledgedWrites: Invariant = {
  name: "acknowledged-writes",
  summary: "no acknowledged write is lost",
  watch(view) {
    const created = new Set<string>();
    const names = new Map<string, Set<string>>();
    const { fail } = view;

    function checkCreated({ json }: Answer): void {
      const id = String(json?.["id"]);
      const row = view.experiment(id);
      if (row === undefined) fail(`experiment ${id} was acknowledged and is not stored`);
      else if (!names.get(id)?.has(String(json?.["name"])))
        fail(
          `experiment ${id} was acknowledged as "${String(json?.["name"])}" and stored as "${String(row["name"])}"`,
        );
      created.add(id);
    }

    return {
      onCommit(changes) {
        for (const { table, key, after } of changes) {
          if (table !== "experiments") continue;
          if (after === null && created.has(key)) fail(`experiment ${key} was acknowledged and is gone`);
          const known = names.get(key) ?? new Set();
          names.set(key, known.add(String(after?.["name"])));
        }
      },
      onResponse(answer) {
        if (answer.status >= 300) return;
        if (answer.method === "POST" && answer.path.endsWith("/experiments")) checkCreated(answer);
        const target = readExperimentPath(answer.path);
        if (target !== undefined) checkChanged(view, names, answer, target.id, target.rest);
      },
    };
  },
};

function checkChanged(
  { fail, experiment, rows }: InvariantView,
  names: ReadonlyMap<string, ReadonlySet<string>>,
  { method, json, requestBody }: Answer,
  id: string,
  rest: string,
): void {
  const row = experiment(id);
  const change = `${method} ${rest}`;
  if (change === "POST /stop" && row?.["state"] !== "cancelled")
    fail(`stopping ${id} was acknowledged and it is ${String(row?.["state"])}`);
  if (change === "DELETE " && row?.["deleted"] !== true)
    fail(`deleting ${id} was acknowledged and it is there`);
  if (change === "PATCH " || change === "PUT ") {
    const name = json?.["name"];
    if (typeof name === "string" && names.get(id)?.has(name) !== true)
      fail(`the name "${name}" of ${id} was acknowledged and never stored`);
    const wanted = requestedName(requestBody);
    if (typeof name === "string" && wanted !== undefined && name !== wanted)
      fail(`a change of ${id} was answered with another name, "${name}"`);
  }
  if (change === "PUT /pipeline-config") {
    const version = Number(json?.["config_version"]);
    const stored = rows("generated_configs").some(
      (config) => config["experiment_id"] === id && config["version"] === version,
    );
    const signalled = rows("control_signals").some(
      ({ experiment_id, message }) => experiment_id === id && textOf(message).endsWith(` ${version}`),
    );
    if (!signalled) fail(`version ${version} of ${id} was acknowledged and its signal is not stored`);
    if (!stored) fail(`version ${version} of the configuration of ${id} was acknowledged and is not stored`);
  }
}

// Versions of configurations are whole, follow each other, and never change.

const configVersions: Invariant = {
  name: "config-versions",
  summary: "versions of configurations are whole, follow each other without gaps, and never change",
  watch(view) {
    const { fail } = view;
    const previous = new Map<string, RowImage>();
    const newest = new Map<string, number>();
    return {
      onCommit(changes) {
        for (const { table, key, before, after } of changes) {
          if (table !== "generated_configs") continue;
          if (before !== null || after === null) fail(`configuration ${key} was changed`);
          else {
            const [id, version] = [String(after["experiment_id"]), Number(after["version"])];
            if (version !== (newest.get(id) ?? 0) + 1)
              fail(`version ${version} of ${id} follows ${newest.get(id) ?? 0}`);
            if (!after["baseline_config"] || !after["candidate_config"])
              fail(`version ${version} of ${id} lacks a half`);
            else {
              checkTexts(after, view.experiment(id), fail);
              checkChange(after, previous.get(id), fail);
            }
            previous.set(id, after);
            newest.set(id, version);
          }
        }
        for (const { table, key, before, after } of changes) {
          if (table !== "experiments" || after === null) continue;
          const [version, applied] = [Number(after["config_version"]), Number(after["applied_version"])];
          const stored = newest.get(key) ?? 0;
          if (version > stored)
            fail(`experiment ${key} is at version ${version}, and version ${stored} is the newest stored`);
          if (applied > version)
            fail(`experiment ${key} applied version ${applied} before it was at ${version}`);
          if (before === null) continue;
          if (version < Number(before["config_version"]) || applied < Number(before["applied_version"]))
            fail(`the versions of experiment ${key} went back`);
          const moved =
            !["pending", "cancelled"].includes(String(after["state"])) && before["state"] === "pending";
          if (moved && version === 0 && !String(after["reason"]).includes("configuration"))
            fail(`experiment ${key} is ${String(after["state"])} without a configuration`);
        }
      },
    };
  },
};

type Fail = (problem: string) => void;

const variants = ["baseline", "candidate"] as const;

// What a collector needs, without reading YAML in every run.
function checkTexts(config: RowImage, experiment: RowImage | undefined, fail: Fail): void {
  const id = textOf(config["experiment_id"]);
  for (const variant of variants) {
    const text = textOf(config[`${variant}_config`]);
    const what = `the ${variant} of version ${textOf(config["version"])} of ${id}`;
    for (const part of ["receivers:", "processors:", "exporters:", "service:", id, `variant: ${variant}\n`])
      if (!text.includes(part)) fail(`${what} lacks ${part.trim()}`);
    const pipeline = textOf(experiment?.[`${variant}_pipeline`]);
    if (!text.startsWith(`# ${pipeline} (${variant})`)) fail(`${what} is not ${pipeline}`);
    // A collector expands ${env:NAME}; what a shell would expand stays as it is, and so does what a caller wrote.
    if (/\$\{(?!env:)/.test(text) && !writesVariables(config, experiment))
      fail(`${what} has a variable that no collector expands`);
    for (const [, first, last] of text.matchAll(
      / processors:\n {8}- (.+)\n(?: {8}- .+\n)* {8}- (.+)\n {6}exp/g,
    ))
      if (first !== "memory_limiter" || last !== "batch")
        fail(`${what} begins with ${first} and ends with ${last}`);
  }
}

function writesVariables(config: RowImage, experiment: RowImage | undefined): boolean {
  return [config["overrides"], experiment?.["config"]].some((given) => textOf(given).includes("${"));
}

// A change of one variant leaves the other as it was.
function checkChange(config: RowImage, before: RowImage | undefined, fail: Fail): void {
  if (before === undefined) return;
  const [now, then] = [config["overrides"], before["overrides"]].map(
    (overrides) => (jsonOf(overrides) ?? {}) as Readonly<Record<string, unknown>>,
  );
  for (const variant of variants) {
    const changed = config[`${variant}_config`] !== before[`${variant}_config`];
    const asked = JSON.stringify(now?.[variant]) !== JSON.stringify(then?.[variant]);
    if (changed && !asked)
      fail(
        `version ${textOf(config["version"])} of ${textOf(config["experiment_id"])} changes the ${variant}`,
      );
  }
}

/** In the order in which they are asked; the first that does not hold is reported. */
export const invariants: readonly Invariant[] = [
  legalTransitions,
  atomicEventLog,
  noLostUpdate,
  fencing,
  configVersions,
  runningMeansDeployed,
  runDuration,
  results,
  acknowledgedWrites,
  uniqueIds,
  idempotency,
  linearizableReads,
  tenantIsolation,
  roles,
  tokenValidity,
  noInternalError,
  socketOrder,
  ownNodes,
  linearizable,
  noOrphans,
  loadsEnd,
  everyExperimentEnds,
];
