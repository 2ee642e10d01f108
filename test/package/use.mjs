// Runs in a project of its own against the packed package; see tools/check-package.mjs.
import assert from "node:assert/strict";

import { createPhoenix } from "phoenix-sim";

const phoenix = await createPhoenix({ seed: 7 });
const experiment = await phoenix.client.createExperiment({ name: "cut-cost" });
await phoenix.waitForState(experiment.id, "running", { within: "1m" });
assert.equal((await phoenix.client.getExperiment(experiment.id)).state, "running");
await phoenix.dispose();
console.log("the packed package works");
