/** How the engine refuses what it does not do. */
import { SimError } from "../../errors.js";

/** @param feature - As the reader would name it: `window functions`, `function date_trunc(text, date)`. */
export function unsupported(feature: string): SimError {
  return new SimError(
    "SIM_UNSUPPORTED",
    `The simulated PostgreSQL does not support ${feature}.`,
    "Rewrite the statement with supported SQL, or run this test against a real server.",
  );
}
