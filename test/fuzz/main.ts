/** The command behind `npm run fuzz`: `--calls <count>`, `--seed <number>`. Ends with 1 at the first problem. */
import { parseArgs } from "node:util";

import fc from "fast-check";

import { call } from "./calls.js";
import { createFuzzClient } from "./client.js";

const { values } = parseArgs({
  options: { calls: { type: "string", default: "100000" }, seed: { type: "string", default: "1" } },
});

const callsOfWorld = 250;
const [callsMax, firstSeed] = [Number(values.calls), Number(values.seed)];

const statuses = new Map<number, number>();
let done = 0;
for (let seed = firstSeed; done < callsMax; seed += 1) {
  const calls = fc.sample(call, { seed, numRuns: Math.min(callsOfWorld, callsMax - done) });
  const client = await createFuzzClient(seed);
  for (const [index, each] of calls.entries()) {
    try {
      await client.run(each);
    } catch (error) {
      console.log(`world ${seed}, call ${index} of ${calls.length}: ${JSON.stringify(each).slice(0, 2_000)}`);
      throw error;
    }
  }
  await client.end();
  done += calls.length;
  for (const [status, count] of client.statuses) statuses.set(status, (statuses.get(status) ?? 0) + count);
  if (done % 5_000 < callsOfWorld) console.error(`${done} calls: no alarm, no 5xx`);
}
const counts = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
console.log(counts.join(", "));
console.log(`${done} calls in worlds ${firstSeed} and on: no alarm, no 5xx, every answer as documented`);
