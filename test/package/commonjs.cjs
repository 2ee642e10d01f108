// A CommonJS project: Node 20.19, 22.12 and later load ES modules by require.
const assert = require("node:assert/strict");
const { createPhoenix } = require("phoenix-sim");

async function main() {
  const phoenix = await createPhoenix({ seed: 7 });
  assert.equal((await phoenix.client.listExperiments()).experiments.length, 0);
  await phoenix.dispose();
  console.log("require works");
}

void main();
