import { createServer } from "node:net";

import { expect, test } from "vitest";

import { run, runUntil } from "./captured-terminal.js";

test("serve puts gateway and Prometheus on real ports, and time goes on", async () => {
  const seen: unknown[] = [];
  const { code, out } = await runUntil(
    async (lines) => {
      while (lines.length < 2) await new Promise((resolve) => setImmediate(resolve));
      const [gateway = "", prometheus = ""] = lines.map((line) => /http:\S+/.exec(line)?.[0] ?? "");
      seen.push((await fetch(`${gateway}/health`)).status);
      const login = await fetch(`${gateway}/api/v1/auth/login`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ email: "admin@phoenix.io", password: "admin123" }),
      });
      seen.push(login.status);
      seen.push((await fetch(`${prometheus}/api/v1/query?query=up`)).status);
    },
    "serve",
    "--port",
    "0",
    "--prometheus-port",
    "0",
    "--speed",
    "100",
  );
  expect(seen).toEqual([200, 200, 200]);
  expect(out).toContain("admin@phoenix.io");
  expect(code).toBe(0);
});

test("a port that is taken is an error of usage that names it", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => {
    other.listen(0, "127.0.0.1", resolve);
  });
  const address = other.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const { code, err } = await run("serve", "--port", String(port));
  other.close();
  expect(code).toBe(2);
  expect(err).toContain(`Cannot put the gateway on port ${port}: EADDRINUSE`);
});

test.each([
  ["--port", "70000"],
  ["--port", "web"],
  ["--speed", "0"],
  ["--nodes", "-1"],
])("serve refuses %s %s", async (flag, value) => {
  const { code, err } = await run("serve", flag, value);
  expect(code).toBe(2);
  expect(err).toContain(flag);
});
