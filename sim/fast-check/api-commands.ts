/** Model commands for the API: what clients do, checked against what they may believe. */
import {
  commands,
  constantFrom,
  integer,
  nat,
  record,
  stringMatching,
  uniqueArray,
  type Arbitrary,
  type AsyncCommand,
} from "fast-check";

import { isExperimentState, nextStates, pipelineNames } from "../../src/model/index.js";
import { SimError } from "../errors.js";
import { checkOptions } from "../shared/text.js";
import { ApiError, type CreateExperiment } from "../world/client/index.js";
import type { Phoenix } from "../world/index.js";
import { experimentModel, type ExperimentInput, type ExperimentOutput } from "../world/invariants/index.js";

// What a client may believe of its experiments after each answer: for each one, the set of states it can be in.
//
// The same model as that of the linearizability check; a lost answer only makes the set larger.

/** Beliefs of one client, by id in the order of creation. Make one for each run with `createApiModel`. */
export interface ApiModel {
  readonly experiments: Map<string, readonly string[]>;
}

/** @returns A model that knows of no experiment. */
export function createApiModel(): ApiModel {
  return { experiments: new Map() };
}

const rules = experimentModel({
  first: "pending",
  nextStates: (state) => (isExperimentState(state) ? nextStates(state) : []),
  stopped: "cancelled",
});

/** Takes note of a new experiment. */
function noteCreated({ experiments }: ApiModel, id: string): void {
  if (experiments.has(id)) throw new Error(`Two create requests gave the same id ${id}.`);
  experiments.set(id, rules.apply(rules.initial, { kind: "create" }, { kind: "done" }));
}

/**
 * Takes note of an answer.
 *
 * @param output - Undefined when the answer was lost.
 * @throws Error when no state that the experiment can be in allows the answer.
 */
function noteAnswer(
  { experiments }: ApiModel,
  id: string,
  input: ExperimentInput,
  output: ExperimentOutput | undefined,
): void {
  const before = experiments.get(id) ?? [];
  const after = [...new Set(before.flatMap((state) => rules.apply(state, input, output)))];
  if (after.length === 0) {
    const answer = output?.kind === "state" ? output.state : (output?.kind ?? "nothing");
    throw new Error(
      `To "${input.kind}" the platform answered "${answer}" for ${id}, which can only be ${before.join(" or ")}, or what follows.`,
    );
  }
  experiments.set(id, after);
}

/**
 * Makes a call and says what its answer means.
 *
 * @returns Undefined when nobody knows whether it took effect: a server's error, or one of the network.
 * @throws ApiError for answers that are the caller's mistake.
 */
async function answerOf(call: () => Promise<ExperimentOutput>): Promise<ExperimentOutput | undefined> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof ApiError)) {
      if (isNetworkError(error)) return undefined;
      throw error;
    }
    if (error.status >= 500 || error.status === 429) return undefined;
    if (error.status === 404) return { kind: "absent" };
    if (error.code === "INVALID_TRANSITION") return { kind: "refused" };
    throw error;
  }
}

function isNetworkError(error: unknown): boolean {
  return error instanceof Error && error.name === "NetworkError";
}

// Arbitraries of what clients ask for.

export interface CreateRequestsOptions {
  /** Nodes of the world. @default node1, node2 and node3 */
  readonly nodes?: readonly string[];
  /** Longest duration of an experiment, in seconds. @default 300 */
  readonly secondsMax?: number;
}

/**
 * Bodies of create requests that the platform accepts; they shrink to the one with only a short name.
 *
 * @throws SimError `SIM_OPTION_INVALID`.
 */
export function createRequests(options: CreateRequestsOptions = {}): Arbitrary<CreateExperiment> {
  checkOptions("createRequests", options, ["nodes", "secondsMax"]);
  const { nodes = ["node1", "node2", "node3"], secondsMax = 300 } = options;
  if (nodes.length === 0)
    throw invalid("no nodes", "Name some, or leave nodes out for node1, node2 and node3.");
  if (!Number.isSafeInteger(secondsMax) || secondsMax < 1)
    throw invalid(`secondsMax ${String(secondsMax)}`, "Give a whole number of seconds, 1 or more.");
  return record(
    {
      name: stringMatching(/^[a-z][a-z0-9-]{2,30}$/),
      description: stringMatching(/^[ -~]{0,40}$/),
      baseline_pipeline: constantFrom(...pipelineNames),
      candidate_pipeline: constantFrom(...pipelineNames),
      target_nodes: uniqueArray(constantFrom(...nodes), { minLength: 1 }),
      config: record({ duration: integer({ min: 1, max: secondsMax }).map((seconds) => `${seconds}s`) }),
    },
    { requiredKeys: ["name", "config"] },
  );
}

function invalid(found: string, hint: string): SimError {
  return new SimError("SIM_OPTION_INVALID", `createRequests got ${found}.`, hint);
}

/** The parts of a world that the commands use. */
export type ApiWorld = Pick<Phoenix, "client" | "clock" | "services">;
export type ApiCommand = AsyncCommand<ApiModel, ApiWorld>;

export interface ApiCommandsOptions extends CreateRequestsOptions {
  /** Let services crash and come back. @default false */
  readonly crashes?: boolean;
  /** Most commands of one run. @default 30 */
  readonly commandsMax?: number;
}

/**
 * Commands for `fc.asyncModelRun`: create, read, list, start, stop, delete, and let time pass.
 *
 * Each answer must be one that a client can explain: no state comes back, nothing acknowledged is lost, no
 * refusal without a reason. With crashes, calls may fail; what they did is then open, and later answers decide.
 */
export function apiCommands({
  crashes = false,
  commandsMax = 30,
  ...requests
}: ApiCommandsOptions = {}): Arbitrary<Iterable<ApiCommand>> {
  const act = (kind: "read" | "start" | "stop" | "delete"): Arbitrary<ApiCommand> =>
    nat(7).map((index) => changing(kind, index));
  return commands(
    [
      createRequests(requests).map(creating),
      act("read"),
      act("start"),
      act("stop"),
      act("delete"),
      integer({ min: 1, max: 120_000 }).map(waiting),
      nat(0).map(() => listing()),
      ...(crashes ? [crashPlans().map(crashing)] : []),
    ],
    { maxCommands: commandsMax },
  );
}

interface CrashPlan {
  readonly service: "controller" | "gateway" | "generator" | "postgres" | "redis" | "prometheus";
  readonly downMs: number;
}

function crashPlans(): Arbitrary<CrashPlan> {
  return record({
    service: constantFrom("controller", "gateway", "generator", "postgres", "redis", "prometheus"),
    downMs: integer({ min: 100, max: 30_000 }),
  });
}

function creating(body: CreateExperiment): ApiCommand {
  return {
    check: () => true,
    async run(model, { client }) {
      let id = "";
      const answer = await answerOf(async () => {
        ({ id } = await client.createExperiment(body));
        return { kind: "done" };
      });
      if (answer?.kind === "done") noteCreated(model, id);
    },
    toString: () => `create(${JSON.stringify(body)})`,
  };
}

function changing(kind: Exclude<ExperimentInput["kind"], "create">, index: number): ApiCommand {
  return {
    check: ({ experiments }) => experiments.size > 0,
    async run(model, { client }) {
      const ids = [...model.experiments.keys()];
      const id = ids[index % ids.length] ?? "";
      const done: ExperimentOutput = { kind: "done" };
      const calls: Readonly<Record<typeof kind, () => Promise<ExperimentOutput>>> = {
        read: async () => ({ kind: "state", state: (await client.getExperiment(id)).state }),
        start: async () => client.startExperiment(id).then(() => done),
        stop: async () => client.stopExperiment(id).then(() => done),
        delete: async () => client.deleteExperiment(id).then(() => done),
      };
      noteAnswer(model, id, { kind }, await answerOf(calls[kind]));
    },
    toString: () => `${kind}(${index})`,
  };
}

// One page holds all: a run creates fewer than a page has.
function listing(): ApiCommand {
  return {
    check: () => true,
    async run(model, { client }) {
      const states = new Map<string, string>();
      const answer = await answerOf(async () => {
        const { experiments } = await client.listExperiments({ page_size: 100 });
        for (const { id, state } of experiments) states.set(id, state);
        return { kind: "done" };
      });
      if (answer === undefined) return;
      for (const id of model.experiments.keys()) {
        const state = states.get(id);
        noteAnswer(
          model,
          id,
          { kind: "read" },
          state === undefined ? { kind: "absent" } : { kind: "state", state },
        );
      }
    },
    toString: () => "list()",
  };
}

function waiting(ms: number): ApiCommand {
  return {
    check: () => true,
    run: async (_model, { clock }) => clock.advance(ms),
    toString: () => `wait(${ms} ms)`,
  };
}

function crashing({ service, downMs }: CrashPlan): ApiCommand {
  return {
    check: () => true,
    async run(_model, { services }) {
      services[service].crash({ restartAfter: downMs });
    },
    toString: () => `crash(${service}, ${downMs} ms)`,
  };
}
