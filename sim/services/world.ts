/** What every service needs to stand in a world. */
import type { Loop } from "../kernel/index.js";
import type { Network } from "../network/index.js";
import type { Recorder } from "../trace/index.js";
import type { Interference } from "./interference.js";
import type { Taps } from "./taps.js";

export interface World {
  readonly loop: Loop;
  readonly network: Network;
  readonly recorder: Recorder;
  readonly taps: Taps;
  readonly interference: Interference;
}
