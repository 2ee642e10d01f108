/** Small parts that more than one service uses. */
export { isPlainObject } from "./plain-object.js";
export { once } from "./once.js";
export { isUnset } from "./zero-values.js";
export { ValidationError, type Problem } from "./validation-error.js";
export { errorCode, errorText } from "./error-text.js";
export { createDatabaseTime, type DatabaseTime } from "./database-time.js";
export { createIds, type Ids } from "./ids.js";
export {
  createGeneratorClient,
  GenerationRefused,
  type GeneratedPair,
  type GenerationOverrides,
  type GenerationSubject,
  type GeneratorClient,
} from "./generator-client.js";
export { backoffMs } from "./backoff.js";
export { eventsChannel, formatHint, hintsChannel, parseHint, type Hint } from "./channels.js";
export { jsonReply, textReply } from "./replies.js";
