/** What makes two runs of one seed differ: the watch over real time, randomness and I/O, and its guesses. */

export { keepPayloads, type Payloads, differentParts, guessUntracked } from "./payloads.js";
export { installLeakWatch, type LeakWatch, type Use, instrumentedFunctions } from "./leak-watch.js";
