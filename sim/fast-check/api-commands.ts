/** Model commands for the API: what clients do, checked against what they may believe. */
import { type Arbitrary, type AsyncCommand, commands, constantFrom, integer, nat, record } from "fast-check";

import type { CreateExperiment } from "../client/index.js";
import type { ExperimentInput, ExperimentOutput } from "../invariants/index.js";
import type { Phoenix } from "../phoenix/index.js";
import { type ApiModel, answerOf, noteAnswer, noteCreated } from "./api-model.js";
import { type CreateRequestsOptions, createRequests } from "./workloads.js";

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
    nat(7).map((pick) => changing(kind, pick));
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

function changing(kind: Exclude<ExperimentInput["kind"], "create">, pick: number): ApiCommand {
  return {
    check: ({ experiments }) => experiments.size > 0,
    async run(model, { client }) {
      const ids = [...model.experiments.keys()];
      const id = ids[pick % ids.length] ?? "";
      const done: ExperimentOutput = { kind: "done" };
      const calls: Readonly<Record<typeof kind, () => Promise<ExperimentOutput>>> = {
        read: async () => ({ kind: "state", state: (await client.getExperiment(id)).state }),
        start: async () => client.startExperiment(id).then(() => done),
        stop: async () => client.stopExperiment(id).then(() => done),
        delete: async () => client.deleteExperiment(id).then(() => done),
      };
      noteAnswer(model, id, { kind }, await answerOf(calls[kind]));
    },
    toString: () => `${kind}(${pick})`,
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
