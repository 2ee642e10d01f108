/** Every kept failure, run again: `phoenix-sim keep <id>` adds to them. */
import { regressions } from "phoenix-sim/vitest";

regressions();
