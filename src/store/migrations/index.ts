/** The schema of the database, as single statements to run once, in order. */
import { accountTables } from "./accounts.js";
import { experimentTables } from "./experiments.js";
import { operationTables } from "./operations.js";

/** Every statement of the schema. Times are parameters, so running them twice gives the same rows. */
export const migrations: readonly string[] = [...experimentTables, ...operationTables, ...accountTables];
