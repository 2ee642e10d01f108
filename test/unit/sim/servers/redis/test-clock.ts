/** A virtual clock for tests of the server alone: timers run in the order of their due times. */
export interface TestClock {
  now(): number;
  setTimer(delayMs: number, label: string, run: () => void): () => void;
  advance(ms: number): void;
}

export function createTestClock(startMs = 1_700_000_000_000): TestClock {
  let nowMs = startMs;
  let timers: { at: number; run: () => void }[] = [];
  return {
    now: () => nowMs,
    setTimer(delayMs, _label, run) {
      const timer = { at: nowMs + delayMs, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    advance(ms) {
      const end = nowMs + ms;
      for (;;) {
        timers.sort((a, b) => a.at - b.at);
        const next = timers[0];
        if (next === undefined || next.at > end) break;
        timers.shift();
        nowMs = next.at;
        next.run();
      }
      nowMs = end;
    },
  };
}
