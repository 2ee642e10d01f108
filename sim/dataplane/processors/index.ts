/** Every processor that a simulated collector knows, by kind. */
import { batch } from "./batch.js";
import { cumulativeToDelta } from "./cumulative-to-delta.js";
import { filter } from "./filter.js";
import { groupByAttributes } from "./group-by-attributes.js";
import { memoryLimiter } from "./memory-limiter.js";
import { probabilisticSampler } from "./probabilistic-sampler.js";
import type { ProcessorKind } from "./processor.js";
import { resourceDetection } from "./resource-detection.js";
import { attributes, resource } from "./resource.js";
import { topK } from "./top-k.js";
import { transform } from "./transform.js";

export {
  ConfigProblem,
  readConfig,
  type AllStage,
  type EachStage,
  type ProcessorKind,
  type ProcessorTools,
  type Stage,
} from "./processor.js";

export const processorKinds: ReadonlyMap<string, ProcessorKind> = new Map(
  [
    memoryLimiter,
    cumulativeToDelta,
    resourceDetection,
    resource,
    attributes,
    transform,
    filter,
    topK,
    probabilisticSampler,
    groupByAttributes,
    batch,
  ].map((kind) => [kind.kind, kind]),
);
