import { createSuite } from "./harness/suite.js";
import { addPrometheusBenches } from "./prometheus.js";
const suite = createSuite();
addPrometheusBenches(suite);
console.log(await suite.run({ pattern: /./, onResult() {} }));
