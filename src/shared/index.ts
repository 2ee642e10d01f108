/** Small parts that more than one service uses. */

export {
  isPlainObject,
  once,
  isUnset,
  ValidationError,
  type Problem,
  errorCode,
  errorText,
  createIds,
  type Ids,
  backoffMs,
  eventsChannel,
  formatHint,
  hintsChannel,
  parseHint,
  type Hint,
  jsonReply,
  textReply,
} from "./basics.js";
export { createDatabaseTime, type DatabaseTime } from "./database-time.js";
export {
  createGeneratorClient,
  GenerationRefused,
  type GeneratedPair,
  type GeneratorClient,
} from "./generator-client.js";
