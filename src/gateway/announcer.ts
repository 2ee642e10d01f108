/** Telling controllers and other gateways that something was committed. */
import type { Cache, Clock, HttpClient } from "../ports/index.js";
import { eventsChannel, formatHint, hintsChannel, type Hint } from "../shared/index.js";

export interface Announcer {
  /** After a new experiment or a start: wakes a controller and live clients. Never throws. */
  started(experimentId: string): void;
  /** After any other change that a controller has to act on. Never throws. */
  changed(experimentId: string): void;
  /** After a change that only clients need to hear of. Never throws. */
  told(experimentId: string): void;
}

/** How long Redis may take to say who heard; a frozen one never says. */
const publishTimeoutMs = 500;

/**
 * Announces over Redis, and to a controller directly when Redis fails, stays silent, or nobody listens there.
 * Fires and forgets: whatever is lost is found by the ticks of the listeners.
 */
export function createAnnouncer(
  clock: Clock,
  cache: Cache,
  http: HttpClient,
  controllerUrl: string,
): Announcer {
  const told = (id: string): void => void cache.publish(eventsChannel, id).catch(() => undefined);

  // @returns How many heard; 0 as well when nobody can say.
  async function publish(message: string): Promise<number> {
    return new Promise((resolve) => {
      const cancel = clock.setTimer(publishTimeoutMs, "announce-timeout", () => resolve(0));
      const settle = (heard: number): void => {
        cancel();
        resolve(heard);
      };
      cache.publish(hintsChannel, message).then(settle, () => settle(0));
    });
  }

  async function hint(value: Hint): Promise<void> {
    const message = formatHint(value);
    const heard = await publish(message);
    if (heard === 0)
      await http.request(`${controllerUrl}/hints`, { method: "POST", body: message, timeoutMs: 2_000 });
  }

  const send = (value: Hint): void => {
    void hint(value).catch(() => undefined);
    told(value.id);
  };
  return {
    told,
    started: (id) => send({ id, kind: "start" }),
    changed: (id) => send({ id, kind: "change" }),
  };
}
