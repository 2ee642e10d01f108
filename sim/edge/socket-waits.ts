/** Waiting for a WebSocket in virtual time: an open socket alone does not make time move. */
import { checkOptions } from "../check-options.js";
import { type Duration, type Loop, waitFor } from "../kernel/index.js";
import { withoutTokens } from "../text.js";

export interface MessageWait {
  /** Virtual time after which the wait fails with `SIM_WAIT_TIMEOUT`. @default "30s" */
  readonly within?: Duration;
  /** Which message is meant. @default the next one */
  readonly where?: (data: unknown) => boolean;
}

/** Lets time move until a message arrives that was not there before the call. @returns Its data. */
export async function waitForMessage(
  loop: Loop,
  socket: WebSocket,
  options: MessageWait = {},
): Promise<unknown> {
  checkOptions("waitForMessage", options, ["within", "where"]);
  const { within = "30s", where = () => true } = options;
  const arrived: unknown[] = [];
  const listener = (event: MessageEvent): unknown => arrived.push(event.data);
  socket.addEventListener("message", listener);
  let checked = 0;
  try {
    const found = await waitFor(loop, {
      label: withoutTokens(`a message on ${socket.url}`),
      within,
      check() {
        for (; checked < arrived.length; checked += 1) {
          if (where(arrived[checked])) return { data: arrived[checked] };
        }
        return undefined;
      },
      lastSeen: () =>
        `${arrived.length} messages, the last ${JSON.stringify(arrived.at(-1)) ?? "none"}; readyState ${socket.readyState}`,
    });
    return found.data;
  } finally {
    socket.removeEventListener("message", listener);
  }
}

/** Lets time move until the socket has reached `state`: `WebSocket.OPEN` or `WebSocket.CLOSED`. */
export async function waitForReadyState(
  loop: Loop,
  socket: WebSocket,
  state: number,
  within: Duration = "30s",
): Promise<void> {
  await waitFor(loop, {
    label: `${socket.url} to have readyState ${state}`,
    within,
    check: () => (socket.readyState === state ? true : undefined),
    lastSeen: () => `readyState ${socket.readyState}`,
  });
}
