/** The ports of src/ports over one life of one host. */
import type { Clock, Logger, Random } from "../../src/ports/index.js";
import type { Incarnation, Loop } from "../kernel/index.js";
import type { LogLevel, Recorder } from "../trace/index.js";

/** Time as this host sees it; timers die with the life. */
export function createClockPort(life: Incarnation): Clock {
  return {
    now: () => life.host.now(),
    monotonic: () => life.host.monotonic(),
    setTimer: (delayMs, label, run) => life.schedule(delayMs, "timer", label, run),
  };
}

/** Random bytes from a stream of the host's own. */
export function createRandomPort(loop: Loop, life: Incarnation): Random {
  const stream = `${life.name}/random`;
  return {
    bytes(length) {
      const bytes = new Uint8Array(length);
      const view = new DataView(bytes.buffer);
      let offset = 0;
      for (; offset + 4 <= length; offset += 4) view.setUint32(offset, loop.choices.entropy(stream));
      for (let rest = loop.choices.entropy(stream); offset < length; offset += 1, rest >>>= 8) {
        view.setUint8(offset, rest & 0xff);
      }
      return bytes;
    },
  };
}

/** Log lines that carry virtual time and host. */
export function createLoggerPort(loop: Loop, life: Incarnation, recorder: Recorder): Logger {
  const at =
    (level: LogLevel): Logger["info"] =>
    (message, fields = {}) => {
      if (life.alive) recorder.line({ atMs: loop.clock.nowMs, host: life.name, level, message, fields });
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
