import http from "node:http";

import { createPhoenix, type Phoenix } from "phoenix-sim";
import { io, type Socket } from "socket.io-client";
import { expect, test } from "vitest";

const account = { email: "admin@tenant1.phoenix.io", password: "tenant1" };

async function tokenOf(phoenix: Phoenix): Promise<string> {
  const response = await phoenix.fetch(`${phoenix.url}/api/v1/auth/login`, {
    method: "POST",
    body: JSON.stringify(account),
  });
  return ((await response.json()) as { token: string }).token;
}

function next(socket: Socket, event: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    socket.once(event, resolve);
    socket.once("connect_error", reject);
  });
}

/** Lets virtual time follow real time, as `serve` does, until it is told to stop. */
function follow(phoenix: Phoenix): () => Promise<void> {
  const stop = new AbortController();
  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await phoenix.clock.advance("50ms");
      await new Promise((resolve) => {
        setTimeout(resolve, 10);
      });
    }
  };
  const running = run();
  return async () => {
    stop.abort();
    await running;
  };
}

test.each([[["polling"]], [["polling", "websocket"]], [["websocket"]]])(
  "a Socket.IO client with %j hears of its tenant's experiments through a real port",
  async (transports) => {
    const phoenix = await createPhoenix({ seed: 5 });
    const listener = await phoenix.listen();
    const stop = follow(phoenix);
    const socket = io(listener.url, {
      transports,
      auth: { token: await tokenOf(phoenix) },
      reconnection: false,
    });
    try {
      await next(socket, "connect");
      const heard = next(socket, "message");
      const client = phoenix.clientFor(account.email, account.password);
      const { id } = await client.createExperiment({ name: "news" });
      expect(await heard).toMatchObject({ payload: { experiment_id: id, state: "pending" } });
      if (transports.length > 1) expect(socket.io.engine.transport.name).toBe("websocket");
      const other = await phoenix.client.createExperiment({ name: "others" });
      const seen: unknown[] = [];
      socket.onAny((name: string) => seen.push(name));
      await phoenix.waitForState(other.id, "running", { within: "1m" });
      expect(seen.join(" ")).not.toContain(other.id);
    } finally {
      socket.close();
      await stop();
      await listener.close();
      await phoenix.dispose({ force: true });
    }
  },
);

test("a wrong token is a refused connection, by polling as well", async () => {
  const phoenix = await createPhoenix({ seed: 5 });
  const listener = await phoenix.listen();
  const stop = follow(phoenix);
  const socket = io(listener.url, { transports: ["polling"], auth: { token: "a.b.c" }, reconnection: false });
  await expect(next(socket, "connect")).rejects.toThrow("invalid token");
  socket.close();
  await stop();
  await listener.close();
  await phoenix.dispose();
});

/** One request of the transport, over the in-memory server of the world. */
async function transport(phoenix: Phoenix, query: string, body?: string) {
  const clients = await phoenix.realClients();
  const agent = clients.createHttpAgent();
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const request = http.request(
      {
        host: "gateway",
        port: 8080,
        path: `/socket.io/?EIO=4&transport=polling${query}`,
        method: body === undefined ? "GET" : "POST",
        agent,
      },
      (response) => {
        let text = "";
        response.on("data", (data: Buffer) => (text += data.toString()));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}

function sidOf(text: string): string {
  return (JSON.parse(text.slice(1)) as { sid: string }).sid;
}

test("a request that waits does not move time, is ended by a ping, and by the crash of its gateway", async () => {
  const phoenix = await createPhoenix({ seed: 5 });
  const { text } = await transport(phoenix, "");
  const sid = sidOf(text);
  expect(await transport(phoenix, `&sid=${sid}`, `40{"token":"${await tokenOf(phoenix)}"}`)).toEqual({
    status: 200,
    text: "ok",
  });
  expect((await transport(phoenix, `&sid=${sid}`)).text).toMatch(/^40\{"sid":/);
  await phoenix.clock.advance("1s");
  const before = phoenix.clock.nowMs;
  const ping = (async (): Promise<string> => {
    for (;;) {
      const { text: frames } = await transport(phoenix, `&sid=${sid}`);
      // The list of experiments follows the welcome.
      if (!frames.includes("experiments:update")) return frames;
    }
  })();
  await phoenix.clock.advance("1s");
  expect(phoenix.clock.nowMs - before).toBe(1_000);
  await phoenix.clock.advance("30s");
  expect(await ping).toBe("2");
  const broken = transport(phoenix, `&sid=${sid}`).catch((error: NodeJS.ErrnoException) => error.code);
  await phoenix.clock.advance("1s");
  phoenix.services.gateway.crash({ restartAfter: "1s" });
  await phoenix.clock.advance("5s");
  expect(await broken).toBe("ECONNRESET");
  expect(await transport(phoenix, `&sid=${sid}`)).toMatchObject({ status: 400 });
  await phoenix.dispose({ force: true });
});

test("what is not the protocol is refused with its words", async () => {
  const phoenix = await createPhoenix({ seed: 5 });
  const ask = async (path: string, method = "GET") => {
    const response = await phoenix.fetch(`${phoenix.url}/socket.io/${path}`, { method });
    return [response.status, ((await response.json()) as { code: unknown }).code];
  };
  expect(await ask("")).toEqual([400, 0]);
  expect(await ask("?EIO=3&transport=polling")).toEqual([400, 5]);
  expect(await ask("?EIO=4&transport=polling&sid=none")).toEqual([400, 1]);
  expect(await ask("?EIO=4&transport=polling", "POST")).toEqual([400, 2]);
  expect(await ask("?EIO=4&transport=polling", "PUT")).toEqual([405, "METHOD_NOT_ALLOWED"]);
  await phoenix.dispose();
});
