/** Where the command line and the tests keep things, below the current folder. Defaults that `--help` shows. */
import { join } from "node:path";

/** Where an exploration keeps what it found. */
export const failuresFolder = join(".phoenix-sim", "failures");

/** Where failures live that were kept, to be committed and run by tests. */
export const keptFolder = join("test", "regressions");

/** The history that `phoenix-sim run` appends to. */
export const defaultHistoryFile = ".phoenix-sim/history.jsonl";
