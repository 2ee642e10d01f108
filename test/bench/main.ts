/** The command behind `npm run bench`: `--json`, `--grep <pattern>`, and `--strict` to fail on a missed goal. */
import { parseArgs } from "node:util";

import { formatJson, formatTable } from "./harness/report.js";
import { createSuite } from "./harness/suite.js";
import { addKernelBenches } from "./kernel.js";
import { addLoadBenches } from "./load.js";
import { addNetworkBenches } from "./network.js";
import { addPostgresBenches } from "./postgres.js";
import { addPrometheusBenches } from "./prometheus.js";
import { addRunBenches } from "./runs.js";
import { addScanningBenches } from "./scanning.js";
import { addThousandBenches } from "./thousand.js";
import { addWorldBenches } from "./world.js";

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    strict: { type: "boolean", default: false },
    grep: { type: "string", default: "" },
  },
});

const suite = createSuite();
addKernelBenches(suite);
addNetworkBenches(suite);
addScanningBenches(suite);
addWorldBenches(suite);
addPostgresBenches(suite);
addPrometheusBenches(suite);
addLoadBenches(suite);
addThousandBenches(suite);
addRunBenches(suite);

const results = await suite.run({
  pattern: new RegExp(values.grep, "i"),
  onResult: ({ name, value, unit }) => console.error(`${name}: ${value.toPrecision(4)} ${unit}`),
});
console.log(values.json ? formatJson(results) : formatTable(results));
if (values.strict && results.some(({ ok }) => !ok)) process.exitCode = 5;
