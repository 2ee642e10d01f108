/** Twenty-four small programs with one fault each, to measure strategies by. */
import * as atomicity from "./atomicity.js";
import * as isolation from "./isolation.js";
import type { Shape } from "./lab.js";
import * as messages from "./messages.js";
import * as ordering from "./ordering.js";
import * as waiting from "./waiting.js";

export { runShape } from "./lab.js";
export type { Shape, ShapeRun } from "./lab.js";

/** In the order in which the table prints them. */
export const shapes: readonly Shape[] = [atomicity, ordering, waiting, isolation, messages].flatMap(
  (family): Shape[] => Object.values(family),
);
