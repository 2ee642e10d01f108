/** What makes two runs of one seed differ: the watch over real time, randomness and I/O, and its guesses. */

export {
  keepPayloads,
  type Payload,
  type Payloads,
  differentParts,
  guessUntracked,
  type Parts,
} from "./payloads.js";
export {
  installLeakWatch,
  type LeakWatch,
  type Recording,
  type RecordingOptions,
  type Use,
  instrumentedFunctions,
  type Instrumented,
} from "./leak-watch.js";
