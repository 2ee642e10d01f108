/**
 * Whatever clients send to a gateway, by every operation, role, tenant and dialect: no invariant accuses it, nothing is
 * answered 5xx, and each answer is one that the OpenAPI document describes. `npm run fuzz` does the same for longer.
 */
import fc from "fast-check";
import { expect, test } from "vitest";

import { call } from "../fuzz/calls.js";
import { createFuzzClient } from "../fuzz/client.js";

const worlds = 8;
const callsOfWorld = 250;

test("2,000 calls of any client set off no alarm and get no 5xx", async () => {
  let seed = 0;
  let carriedOut = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(call, { minLength: callsOfWorld, maxLength: callsOfWorld, size: "max" }),
      async (calls) => {
        const client = await createFuzzClient((seed += 1));
        for (const each of calls) {
          await client.run(each);
          carriedOut += 1;
        }
        await client.end();
      },
    ),
    { numRuns: worlds, endOnFailure: true },
  );
  expect(carriedOut).toBe(worlds * callsOfWorld);
});
