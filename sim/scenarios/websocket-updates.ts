/** Scenario 6: a browser sees every state of an experiment as it happens, in order, and misses none. */
import type { Phoenix } from "../world/index.js";
import { createAndStart, range, type Checks, type Scenario } from "./scenario.js";

interface Update {
  readonly type: string;
  /** Position of the event among those of its experiment, from 1. */
  readonly seq: number;
  /** Position among all events; what `since` takes. */
  readonly position: number;
  readonly payload: { readonly experiment_id: string; readonly state: string };
}

export const websocketUpdates: Scenario = {
  name: "websocket-updates",
  summary: "every state of an experiment reaches a WebSocket, in order, also across a reconnect",
  deadline: "15m",
  faultWindow: "4m",
  // A small buffer, so that a burst of a few experiments is more than the gateway keeps for a socket.
  world: { platform: { gateway: { options: { socketBufferMax: 65_536 } } } },
  async run({ phoenix, check, step }) {
    const { client } = phoenix;
    const { token } = await client.login("admin@phoenix.io", "admin123");

    step("connect and subscribe");
    const first = await subscribe(phoenix, token);

    step("create and start an experiment");
    const { id } = await createAndStart(client, { name: "websocket-exp", config: { duration: "3m" } });

    step("its first states arrive within two minutes");
    await phoenix.clock.advance("2m");
    for (const state of ["pending", "initializing", "running"]) {
      check.includes(first.statesOf(id), state, "the states seen so far");
    }

    step("the connection is lost while the experiment goes on");
    const lastPosition = Math.max(...first.updates.map(({ position }) => position));
    first.socket.close();
    await phoenix.waitForState(id, "completed", { within: "6m" });

    step("a reconnect resumes where it ended");
    const second = await subscribe(phoenix, token, lastPosition);
    await phoenix.until(() => second.statesOf(id).includes("completed"), {
      within: "30s",
      label: "the last state to be replayed",
    });
    check.equal(
      [...first.statesOf(id), ...second.statesOf(id)],
      ["pending", "initializing", "running", "analyzing", "completed"],
      "each state once and in order over both connections",
    );
    checkSequence(
      check,
      [...first.updates, ...second.updates].filter(({ payload }) => payload.experiment_id === id),
    );

    step("another tenant sees nothing of it");
    const otherTenant = await client.login("viewer@phoenix.io", "viewer123");
    const foreign = await subscribe(phoenix, otherTenant.token, 0);
    await createAndStart(client, { name: "websocket-exp-2", config: { duration: "1m" } });
    await phoenix.clock.advance("1m");
    check.equal(foreign.updates, [], "updates that another tenant sees");
    second.socket.close();
    foreign.socket.close();

    step("a client that stops reading is closed with a code, and comes back without a gap");
    await checkSlowClient(phoenix, check, token);
  },
};

/** Experiments whose updates are more than the gateway keeps for a client that does not read. */
const burst = 16;

async function checkSlowClient(phoenix: Phoenix, check: Checks, token: string): Promise<void> {
  const slow = await subscribe(phoenix, token);
  const closed: { code: number; reason: string }[] = [];
  slow.socket.addEventListener("close", ({ code, reason }) => closed.push({ code, reason }));
  phoenix.setReading(slow.socket, false);
  const made = await Promise.all(
    range(burst).map(async (index) => phoenix.client.createExperiment({ name: `burst-${index}` })),
  );
  for (const { id } of made) await phoenix.waitForState(id, "running", { within: "2m" });
  phoenix.setReading(slow.socket, true);
  const { code, reason } = await phoenix.until(() => closed[0], {
    within: "1m",
    label: "the slow client to be closed",
  });
  check.equal(code, 4_008, "the code of the close");
  const lastPosition = slow.updates.at(-1)?.position ?? 0;
  check.ok(reason.endsWith(`since=${lastPosition}`), `the place to come back to in "${reason}"`);

  const back = await subscribe(phoenix, token, lastPosition);
  const statesOf = (id: string): readonly string[] => [...slow.statesOf(id), ...back.statesOf(id)];
  await phoenix.until(() => made.every(({ id }) => statesOf(id).length >= phoenix.stateHistory(id).length), {
    within: "30s",
    label: "every state to be sent",
  });
  for (const { id } of made) {
    check.equal(statesOf(id), phoenix.stateHistory(id), `the states of ${id} over both connections`);
  }
  back.socket.close();
}

interface Subscription {
  readonly socket: WebSocket;
  readonly updates: readonly Update[];
  statesOf(experimentId: string): readonly string[];
}

async function subscribe(phoenix: Phoenix, token: string, since?: number): Promise<Subscription> {
  const from = since === undefined ? "" : `&since=${since}`;
  const socket = new phoenix.WebSocket(`${phoenix.socketUrl}?token=${token}${from}`);
  const updates: Update[] = [];
  socket.addEventListener("message", ({ data }) => {
    const frame = JSON.parse(String(data)) as Update;
    if (frame.type === "experiment.update") updates.push(frame);
  });
  await phoenix.until(() => socket.readyState === socket.OPEN, {
    within: "10s",
    label: "the socket to open",
  });
  // Nobody waits until the gateway has it: what is created meanwhile is sent as well.
  socket.send(JSON.stringify({ type: "subscribe", payload: { event: "experiment.updates" } }));
  return {
    socket,
    updates,
    statesOf: (experimentId) =>
      updates
        .filter(({ payload }) => payload.experiment_id === experimentId)
        .map(({ payload }) => payload.state),
  };
}

function checkSequence(check: Checks, updates: readonly Update[]): void {
  check.equal(
    updates.map(({ seq }) => seq),
    updates.map((_, index) => index + 1),
    "sequence numbers without a gap",
  );
}
