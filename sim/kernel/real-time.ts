/** The real time that a world keeps up with while only clients in real time wait for it. */
import { realNowMs } from "./quiescence.js";

export interface RealTime {
  /** Whether anybody wants virtual time to follow. */
  readonly followed: boolean;
  /** Lets virtual time follow, `speed` virtual seconds in a real one. @returns What ends it. */
  follow(speed: number): () => void;
  /** Begins anew: at this moment of real time it is `nowUs` in the world. */
  anchor(nowUs: number): void;
  /** How far virtual time may have come by now, in microseconds. */
  allowedUs(): number;
  /** Real milliseconds until it may have come to `atUs`. */
  msUntil(atUs: number): number;
}

export function createRealTime(): RealTime {
  const speeds: number[] = [];
  let anchorMs = 0;
  let anchorUs = 0;
  let speed = 1;

  const allowedUs = (): number => anchorUs + Math.floor((realNowMs() - anchorMs) * 1000 * speed);

  function setSpeed(): void {
    anchorUs = allowedUs();
    anchorMs = realNowMs();
    speed = speeds.length === 0 ? 1 : Math.max(...speeds);
  }

  return {
    get followed() {
      return speeds.length > 0;
    },
    follow(factor) {
      speeds.push(factor);
      setSpeed();
      return () => {
        const index = speeds.indexOf(factor);
        if (index >= 0) speeds.splice(index, 1);
        setSpeed();
      };
    },
    anchor(nowUs) {
      anchorMs = realNowMs();
      anchorUs = nowUs;
    },
    allowedUs,
    msUntil: (atUs) => (atUs - allowedUs()) / 1000 / speed,
  };
}
