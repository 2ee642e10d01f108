import http from "node:http";
import axios from "axios";
import { HttpResponse, http as mock } from "msw";
import { setupServer } from "msw/node";
import { createPhoenix, handlersOf } from "phoenix-sim";
import { expect, test } from "vitest";

test("handlersOf gives a world to a setupServer of the user's own, beside other handlers, without globals", async () => {
  const phoenix = await createPhoenix({ nodes: 1 });
  const other = mock.get("https://rates.test/eur", () => HttpResponse.text("1.1"));
  const server = setupServer(...handlersOf(phoenix), other);
  server.listen({ onUnhandledRequest: "error" });
  try {
    expect(await (await fetch(`${phoenix.url}/health`)).json()).toEqual({ status: "ok" });
    expect((await axios.get<unknown>(`${phoenix.url}/health`)).data).toEqual({ status: "ok" });
    expect((await axios.get<unknown>("https://rates.test/eur")).data).toBe(1.1);
    const created = await fetch(`${phoenix.url}/api/v1/auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ email: "admin@phoenix.io", password: "admin123" }),
    });
    expect(created.status).toBe(200);
    phoenix.services.gateway.crash();
    await expect(axios.get(`${phoenix.url}/health`)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await expect(fetch(`${phoenix.url}/health`)).rejects.toMatchObject({ cause: { code: "ECONNREFUSED" } });
  } finally {
    server.close();
  }
  await phoenix.dispose();
  expect(http.globalAgent).toBeDefined();
});
