/** The ports that the operating system answers: clock, randomness, and a log of JSON lines. */
import { randomBytes } from "node:crypto";

import type { Clock, Logger, Random } from "../ports/index.js";

/** @returns Wall-clock time, monotonic time, and timers of the process. */
export function createSystemClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    setTimer(delayMs, _label, run) {
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    },
  };
}

// The operating system's randomness as the random port.

export function createSystemRandom(): Random {
  return { bytes: (length) => randomBytes(length) };
}

// The logger port as one JSON document a line.

/** @param write - Takes one line, without its end. @param service - Stands in each line. */
export function createJsonLogger(service: string, write: (line: string) => void): Logger {
  const at =
    (level: string): Logger["info"] =>
    (message, fields = {}) =>
      write(JSON.stringify({ time: new Date().toISOString(), level, service, message, ...fields }));
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
