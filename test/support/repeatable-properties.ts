/**
 * Makes property tests repeatable: they draw the same cases each time. `FC_SEED` draws others, as the long
 * hunts do; a failure prints the seed that it was found with.
 */
import fc from "fast-check";

fc.configureGlobal({ seed: Number(process.env["FC_SEED"] ?? 20_260_101) });
