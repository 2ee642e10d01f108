import { expect, test } from "vitest";

import type { Experiment, ExperimentState } from "../../../../src/model/index.js";
import {
  claimExperiment,
  closeExperiment,
  findExperiment,
  insertExperiment,
  listEventsOfExperiment,
  listOpenExperiments,
  recordAppliedVersion,
  recordInitStart,
  releaseExperiment,
  setConfigVersion,
  takeOverExperiment,
  transitionExperiment,
} from "../../../../src/store/index.js";
import { createSimulatedSql } from "../../../support/simulated-sql.js";
import { createVirtualClock } from "../support/virtual-clock.js";

const startMs = Date.UTC(2026, 0, 1);
const id = "00000000-0000-4000-8000-000000000001";
const other = "00000000-0000-4000-8000-000000000002";

async function open() {
  const clock = createVirtualClock(startMs);
  const sql = createSimulatedSql(clock);
  for (const each of [id, other]) {
    await insertExperiment(sql, {
      id: each,
      tenantId: "t-1",
      createdBy: "u-1",
      atMs: startMs,
      spec: {
        name: each,
        description: "",
        baseline_pipeline: "a",
        candidate_pipeline: "b",
        target_nodes: [],
        config: {},
      } as never,
    });
  }
  const read = async (): Promise<Experiment> => {
    const found = await findExperiment(sql, id);
    if (found === undefined) throw new Error("it was inserted");
    return found;
  };
  const claimed = async (owner: string): Promise<Experiment> => {
    const found = await claimExperiment(sql, id, owner);
    if (found === undefined) throw new Error(`${owner} cannot take it`);
    return found;
  };
  /** Nobody touched the other experiment. */
  const expectOtherUntouched = async (): Promise<void> =>
    expect(await findExperiment(sql, other)).toMatchObject({
      state: "pending",
      lease_owner: null,
      lease_token: 0,
      config_version: 0,
      applied_version: 0,
      init_started_at: null,
    });
  return { clock, sql, read, claimed, expectOtherUntouched };
}

test("an experiment that nobody holds is taken with a new token, and by nobody else then", async () => {
  const { sql, claimed, read, expectOtherUntouched } = await open();
  expect(await claimed("a")).toMatchObject({ id, lease_owner: "a", lease_token: 1 });
  expect(await claimExperiment(sql, id, "b")).toBeUndefined();
  expect(await read()).toMatchObject({ lease_owner: "a", lease_token: 1 });
  await expectOtherUntouched();
});

test("who holds it may take it afresh; its earlier attempt is overtaken", async () => {
  const { sql, claimed, read } = await open();
  await claimed("a");
  expect(await claimed("a")).toMatchObject({ lease_owner: "a", lease_token: 2 });
  await releaseExperiment(sql, id, 1);
  expect(await read()).toMatchObject({ lease_owner: "a" });
});

test("given back, it may be taken by another", async () => {
  const { sql, claimed, read, expectOtherUntouched } = await open();
  const { lease_token } = await claimed("a");
  await releaseExperiment(sql, id, lease_token);
  expect(await read()).toMatchObject({ lease_owner: null, lease_token: 1 });
  expect(await claimed("b")).toMatchObject({ lease_owner: "b", lease_token: 2 });
  await expectOtherUntouched();
});

test("taking over needs the token that was seen, and makes it grow", async () => {
  const { sql, claimed, read, expectOtherUntouched } = await open();
  await claimed("a");
  expect(await takeOverExperiment(sql, id, "b", 0)).toBeUndefined();
  expect(await takeOverExperiment(sql, id, "b", 1)).toMatchObject({ lease_owner: "b", lease_token: 2 });
  expect(await takeOverExperiment(sql, id, "c", 1)).toBeUndefined();
  expect(await read()).toMatchObject({ lease_owner: "b", lease_token: 2 });
  await expectOtherUntouched();
});

test("a closed experiment is listed, claimed and taken over no more", async () => {
  const { sql, claimed, read } = await open();
  const { lease_token } = await claimed("a");
  await closeExperiment(sql, id, lease_token - 1);
  expect((await listOpenExperiments(sql)).map((each) => each.id).sort()).toEqual([id, other]);
  await closeExperiment(sql, id, lease_token);
  expect((await listOpenExperiments(sql)).map((each) => each.id)).toEqual([other]);
  expect(await read()).toMatchObject({ lease_owner: null });
  expect(await claimExperiment(sql, id, "a")).toBeUndefined();
  expect(await takeOverExperiment(sql, id, "b", lease_token)).toBeUndefined();
});

test("an overtaken holder can write nothing", async () => {
  const { sql, claimed, read, expectOtherUntouched } = await open();
  const { lease_token: old } = await claimed("a");
  await takeOverExperiment(sql, id, "b", old);
  await recordInitStart(sql, id, old, startMs + 1);
  await setConfigVersion(sql, id, old, 7);
  await releaseExperiment(sql, id, old);
  await expect(recordAppliedVersion(sql, id, old, 7)).rejects.toThrow("taken over from #1");
  expect(await read()).toMatchObject({
    lease_owner: "b",
    init_started_at: null,
    config_version: 0,
    applied_version: 0,
  });
  await expectOtherUntouched();
});

test("the holder notes the first failed attempt once, and the versions as they come", async () => {
  const { sql, claimed, read, expectOtherUntouched } = await open();
  const { lease_token } = await claimed("a");
  await recordInitStart(sql, id, lease_token, startMs + 1);
  await recordInitStart(sql, id, lease_token, startMs + 2);
  await setConfigVersion(sql, id, lease_token, 1);
  await recordAppliedVersion(sql, id, lease_token, 2);
  expect(await read()).toMatchObject({ init_started_at: startMs + 1, config_version: 1, applied_version: 2 });
  await expectOtherUntouched();
});

test.each([true, false])(
  "a transition stores state, reason and times, frees the experiment and appends its event (fenced: %s)",
  async (fenced) => {
    const { sql, claimed, read, expectOtherUntouched } = await open();
    const common = { triggeredBy: "u-2", fenced };
    const first = await transitionExperiment(sql, {
      ...common,
      seen: await claimed("a"),
      to: "initializing",
      reason: "begins",
      atMs: startMs + 10,
      deadlineMs: startMs + 99,
    });
    expect(first).toEqual(await read());
    expect(first).toMatchObject({
      state: "initializing",
      reason: "begins",
      state_changed_at: startMs + 10,
      updated_at: startMs + 10,
      deadline_at: startMs + 99,
      started_at: null,
      completed_at: null,
      event_seq: 2,
      lease_token: 2,
      lease_owner: null,
    });
    const running = await transitionExperiment(sql, {
      ...common,
      seen: first,
      to: "running",
      reason: "runs",
      atMs: startMs + 20,
      spanMs: 5_000,
    });
    // A span counts from when the database stores it, whatever the caller believes the time to be.
    expect(running).toMatchObject({
      started_at: startMs + 20,
      completed_at: null,
      deadline_at: startMs + 5_000,
    });
    const analyzing = await transitionExperiment(sql, {
      ...common,
      seen: running,
      to: "analyzing",
      reason: "measures",
      atMs: startMs + 30,
    });
    expect(analyzing).toMatchObject({ started_at: startMs + 20, deadline_at: null, completed_at: null });
    const completed = await transitionExperiment(sql, {
      ...common,
      seen: analyzing,
      to: "completed",
      reason: "done",
      atMs: startMs + 40,
    });
    expect(completed).toMatchObject({
      started_at: startMs + 20,
      completed_at: startMs + 40,
      event_seq: 5,
      lease_token: 5,
    });
    const events = await listEventsOfExperiment(sql, completed);
    expect(
      events.map(({ seq, from_state, to_state, reason }) => [seq, from_state, to_state, reason]),
    ).toEqual([
      [1, null, "pending", "created"],
      [2, "pending", "initializing", "begins"],
      [3, "initializing", "running", "runs"],
      [4, "running", "analyzing", "measures"],
      [5, "analyzing", "completed", "done"],
    ]);
    expect(events.at(-1)).toMatchObject({
      triggered_by: "u-2",
      created_at: startMs + 40,
      type: "state_changed",
    });
    await expectOtherUntouched();
  },
);

test.each([true, false])(
  "a transition stands for the announcement of its experiment (fenced: %s)",
  async (fenced) => {
    const { sql, claimed } = await open();
    const seen = await claimed("a");
    await transitionExperiment(sql, {
      seen,
      to: "cancelled",
      reason: "",
      triggeredBy: "u",
      atMs: startMs,
      fenced,
    });
    const { rows } = await sql.query<{ id: string; announced: boolean }>({
      name: "announced",
      text: "SELECT id, announced FROM experiments ORDER BY id",
    });
    expect(rows).toEqual([
      { id, announced: true },
      { id: other, announced: false },
    ]);
  },
);

test("a step that the states do not allow is refused before anything is written", async () => {
  const { sql, read } = await open();
  const refused = transitionExperiment(sql, {
    seen: await read(),
    to: "completed",
    reason: "",
    triggeredBy: "u",
    atMs: startMs,
  });
  await expect(refused).rejects.toThrow(`${id}: pending cannot become completed`);
  expect(await read()).toMatchObject({ state: "pending", event_seq: 1 });
});

test("a transition is fenced unless it says otherwise: state and token must be as seen", async () => {
  const { sql, claimed, read } = await open();
  const seen = await claimed("a");
  await takeOverExperiment(sql, id, "b", seen.lease_token);
  const step = (to: ExperimentState, fenced?: boolean) =>
    transitionExperiment(sql, {
      seen,
      to,
      reason: "",
      triggeredBy: "u",
      atMs: startMs,
      ...(fenced === undefined ? {} : { fenced }),
    });
  await expect(step("initializing")).rejects.toThrow(`${id} is no longer pending #1`);
  await expect(step("initializing", true)).rejects.toThrow("no longer");
  // A person's decision needs no lease, but the state that it was made in.
  expect(await step("cancelled", false)).toMatchObject({ state: "cancelled", lease_token: 3 });
  await expect(step("cancelled", false)).rejects.toThrow("no longer");
  expect(await listEventsOfExperiment(sql, await read())).toHaveLength(2);
  const { rows } = await sql.query<{ state: string }>({
    name: "states",
    text: "SELECT state FROM experiments ORDER BY id",
  });
  expect(rows).toEqual([{ state: "cancelled" }, { state: "pending" }]);
});

test("under a lease the token does not stand for the state", async () => {
  const { sql, claimed, read } = await open();
  const seen = await claimed("a");
  await expect(
    transitionExperiment(sql, {
      seen: { ...seen, state: "running" },
      to: "analyzing",
      reason: "",
      triggeredBy: "u",
      atMs: startMs,
    }),
  ).rejects.toThrow("no longer running");
  expect(await read()).toMatchObject({ state: "pending" });
});
