/** Every single behaviour that is compared, by feature. */
import type { Behaviour } from "../script.js";
import { collectionBehaviours } from "./collections.js";
import { keyBehaviours } from "./keys.js";
import { scriptBehaviours } from "./scripts.js";
import { sessionBehaviours } from "./sessions.js";
import { sortedSetBehaviours } from "./sorted-sets.js";
import { streamBehaviours } from "./streams.js";
import { stringBehaviours } from "./strings.js";

export const behaviours: readonly Behaviour[] = [
  ...stringBehaviours,
  ...keyBehaviours,
  ...collectionBehaviours,
  ...sortedSetBehaviours,
  ...streamBehaviours,
  ...sessionBehaviours,
  ...scriptBehaviours,
];
