/** Every invariant that is watched in every run. */
import { acknowledgedWrites } from "./acknowledged-writes.js";
import { configVersions } from "./config-versions.js";
import { everyExperimentEnds } from "./every-experiment-ends.js";
import { fencing } from "./fencing.js";
import { freshReads } from "./fresh-reads.js";
import { fullDuration } from "./full-duration.js";
import { goodTokens } from "./good-tokens.js";
import { legalTransitions } from "./legal-transitions.js";
import { linearizable } from "./linearizable.js";
import { loadsEnd } from "./loads-end.js";
import { noInternalError } from "./no-internal-error.js";
import { noLostUpdate } from "./no-lost-update.js";
import { noOrphans } from "./no-orphans.js";
import { oneEffectPerKey } from "./one-effect-per-key.js";
import { ownNodes } from "./own-nodes.js";
import { results } from "./results.js";
import { roles } from "./roles.js";
import { runningMeansDeployed } from "./running-means-deployed.js";
import { socketOrder } from "./socket-order.js";
import { tenantIsolation } from "./tenant-isolation.js";
import { uniqueIds } from "./unique-ids.js";
import type { Invariant } from "./watch.js";
import { wholeHistory } from "./whole-history.js";

/** In the order in which they are asked; the first that does not hold is reported. */
export const invariants: readonly Invariant[] = [
  legalTransitions,
  wholeHistory,
  noLostUpdate,
  fencing,
  configVersions,
  runningMeansDeployed,
  fullDuration,
  results,
  acknowledgedWrites,
  uniqueIds,
  oneEffectPerKey,
  freshReads,
  tenantIsolation,
  roles,
  goodTokens,
  noInternalError,
  socketOrder,
  ownNodes,
  linearizable,
  noOrphans,
  loadsEnd,
  everyExperimentEnds,
];
