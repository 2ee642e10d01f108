/** Tells how far a run is: a bar on a terminal, a line at times anywhere else. */
import { realNowMs } from "../kernel/index.js";
import type { Terminal } from "./terminal.js";

export interface RunProgress {
  /** A scenario begins. */
  begin(name: string, seed: number): void;
  /** It is at another step. */
  step(title: string): void;
  /** It has ended. */
  result(ok: boolean): void;
  /** Takes the bar away. */
  end(): void;
}

const lineEveryMs = 5_000;
const barEveryMs = 100;
const barWidth = 24;

/** @param count - How many scenarios and seeds there are. @param nowMs - Real milliseconds. @default the machine's */
export function createRunProgress(
  count: number,
  { status, err }: Pick<Terminal, "status" | "err">,
  nowMs: () => number = realNowMs,
): RunProgress {
  let [done, failed] = [0, 0];
  let current = "";
  let nextMs = nowMs() + (status === undefined ? lineEveryMs : 0);

  function show(title = ""): void {
    if (nowMs() < nextMs) return;
    nextMs = nowMs() + (status === undefined ? lineEveryMs : barEveryMs);
    const failures = failed === 0 ? "" : `, ${failed} failed`;
    const text = `${done} of ${count}${failures}: ${current}${title === "" ? "" : `, ${title}`}`;
    if (status === undefined) return err(text);
    const filled = Math.floor((done / Math.max(1, count)) * barWidth);
    status(`[${"=".repeat(filled)}${" ".repeat(barWidth - filled)}] ${text}`);
  }

  return {
    begin(name, seed) {
      current = `${name}, seed ${seed}`;
      show();
    },
    step: show,
    result(ok) {
      done += 1;
      if (!ok) failed += 1;
    },
    end: () => status?.(""),
  };
}
