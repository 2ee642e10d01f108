/** A client that follows events over a WebSocket, and comes back where it was when the socket ends. */
import type { Phoenix } from "../../phoenix/index.js";

export interface Listener {
  close(): void;
}

const pauseMs = 1_500;

/** Opens a socket and subscribes to everything of the token's tenant. */
export function listen(phoenix: Phoenix, token: string): Listener {
  let place: number | undefined;
  let socket = open();
  let closed = false;

  function open(): WebSocket {
    const next = new phoenix.WebSocket(`${phoenix.socketUrl}?token=${token}`);
    next.addEventListener("open", () => {
      const since = place === undefined ? {} : { since: place };
      next.send(JSON.stringify({ type: "subscribe", payload: { event: "experiment.updates" }, ...since }));
    });
    next.addEventListener("message", ({ data }) => {
      const told = /"position":(\d+)/.exec(String(data))?.[1];
      if (told !== undefined) place = Number(told);
    });
    next.addEventListener("close", () => {
      if (!closed) phoenix.at(pauseMs, "come back", comeBack);
    });
    return next;
  }

  function comeBack(): void {
    if (!closed) socket = open();
  }

  return {
    close() {
      closed = true;
      socket.close();
    },
  };
}
