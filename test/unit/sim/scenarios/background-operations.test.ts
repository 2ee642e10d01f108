import { type ChoicePoint, type Driver, defaultDriver } from "phoenix-sim";
import { expect, test } from "vitest";

import { createWorldRun } from "../../../../sim/explore/index.js";

/** The default driver, except that every background operation comes up. */
function backgroundOperationDriver(seed: number): Driver {
  const defaultAnswer = defaultDriver(seed);
  return {
    choose: (point: ChoicePoint) =>
      point.label.startsWith("workload/operation/") ? 1 : defaultAnswer.choose(point),
    entropy: defaultAnswer.entropy,
  };
}

test("every background operation is one that the platform carries out", async () => {
  const refused: string[] = [];
  const asked = new Set<string>();
  const run = createWorldRun({
    world: {
      platform: {
        gateway: {
          handler: (inner) => async (request) => {
            const reply = await inner(request);
            const route = `${request.method} ${request.url.replaceAll(/[0-9a-f-]{36}/g, ":id")}`;
            asked.add(route);
            if (reply.status >= 400) refused.push(`${route}: ${reply.status} ${reply.body}`);
            return reply;
          },
        },
      },
    },
  });
  const target = { scenario: "two-clients", profile: "calm", seed: 3 };
  const { failure } = await run({ ...target, driver: backgroundOperationDriver(3), onStep: () => {} });
  expect(failure).toBeUndefined();
  expect([...asked].join("\n")).toMatch(/control\/signals[\s\S]*promote/);
  // Of the other tenant, of what does not exist or is over, and of what has no results yet.
  expect(refused.filter((line) => !/: (?:403|404|409) |INVALID_TRANSITION/.test(line))).toEqual([]);
});
