import { expect, test } from "vitest";

import {
  createExecutor,
  failureHashOf,
  formatToken,
  localPool,
  parseToken,
  replay,
  runCampaign,
} from "../../../../sim/explore/index.js";
import { shapes } from "../../../shapes/index.js";
import { runShapeOnce } from "../../../shapes/run-once.js";

test.each(shapes.map(({ name }) => name))("a found %s comes back from its token", async (scenario) => {
  const target = { scenario, profile: "calm", version: "0.1.0" };
  const pool = localPool(createExecutor(runShapeOnce));
  const { findings, differences } = await runCampaign({
    ...target,
    seed: 8,
    runs: 2000,
    pool,
    findingsMax: 1,
  });
  const finding = findings[0];
  if (finding === undefined) throw new Error("nothing was found");
  expect(differences).toEqual([]);
  const token = formatToken({ ...target, ...finding, failure: finding.identity });
  const again = await replay(runShapeOnce, parseToken(token, "0.1.0"));
  expect(again).toMatchObject({ verdict: "same", divergence: undefined });
  expect(again.outcome.traceHash).toBe(finding.traceHash);
});

test("a token that meets changed code says where it left", async () => {
  const decisions = [
    { kind: "order", label: "order/counter/a", occurrence: 0, value: 1 },
    { kind: "order", label: "order/of-something-else/a", occurrence: 3, value: 2 },
  ] as const;
  const recording = { scenario: "lost-update", profile: "calm", seed: 1, decisions };
  const other = await replay(runShapeOnce, {
    ...recording,
    failureHash: failureHashOf("invariant/lost-update"),
  });
  expect(other.verdict).toBe("no failure");
  expect(other.divergence).toContain(
    '1 of 2 recorded answers were never asked for or no longer fit; the first is number 2 at "order/of-something-else/a"',
  );
});

test("another failure than the recorded one is told apart from the same", async () => {
  const target = { scenario: "lost-update", profile: "calm", version: "0.1.0" };
  const pool = localPool(createExecutor(runShapeOnce));
  const { findings } = await runCampaign({ ...target, seed: 1, runs: 500, pool, findingsMax: 1 });
  const finding = findings[0];
  if (finding === undefined) throw new Error("nothing was found");
  const { verdict } = await replay(runShapeOnce, {
    ...finding,
    failureHash: failureHashOf("error/SIM_DEADLOCK"),
  });
  expect(verdict).toBe("another failure");
  expect(await replay(runShapeOnce, { ...finding, failureHash: undefined })).toMatchObject({
    verdict: "another failure",
  });
});
