/** What makes two runs of one seed differ: the watch over real time, randomness and I/O, and its guesses. */
export { keepPayloads } from "./payloads.js";
export type { Payload, Payloads } from "./payloads.js";
export { differentParts, guessUnseen } from "./unseen.js";
export type { Parts } from "./unseen.js";
export { installLeakWatch } from "./watch.js";
export type { LeakWatch, Recording, RecordingOptions, Use } from "./watch.js";
export { watchedFunctions } from "./watched.js";
export type { Watched } from "./watched.js";
