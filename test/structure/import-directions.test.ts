import { expect, test } from "vitest";

import { sourceFiles } from "./source-files.js";

/** Rooms of the house, and what each may import. Longest matching path wins; `src/ports` is open to all. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  "src/ports": [],
  "src/shared": [],
  "src/model": ["src/shared"],
  "src/store": ["src/model", "src/shared"],
  "src/generator": ["src/model", "src/shared"],
  "src/analysis": ["src/model", "src/shared"],
  "src/gateway": ["src/model", "src/store", "src/analysis", "src/shared"],
  "src/controller": ["src/model", "src/store", "src/analysis", "src/shared"],
  "src/adapters": ["src"],
  "sim/errors": [],
  "sim/shared/version": [],
  "sim/shared/text": [],
  "sim/shared/folders": [],
  "sim/shared/folders": [],
  "sim/shared/load-package": [],
  "sim/shared/call-site": [],
  "sim/explore": ["sim/errors", "sim/shared/text"],
  "sim/shared/text": ["sim/errors", "sim/shared/text"],
  "sim/kernel": ["sim/errors"],
  "sim/kernel": ["sim/kernel"],
  "sim/kernel/network": ["sim/kernel", "sim/errors", "sim/shared/text", "sim/shared/text"],
  "sim/servers/postgres": ["sim/errors", "sim/shared/load-package"],
  "sim/servers/redis": ["sim/errors", "sim/shared/load-package"],
  "sim/servers/prometheus": ["sim/errors", "src/analysis"],
  "sim/servers/collector": ["sim/errors", "src/generator", "src/model"],
  "sim/world/client": ["src/model", "sim/shared/text"],
  "sim/world/edges": ["sim/kernel", "sim/kernel/network", "sim/errors", "sim/shared/text", "sim/shared/text"],
  "sim/explore/determinism": ["sim/world/edges", "sim/kernel", "sim/shared/call-site"],
  "sim/world/cluster": [
    "sim/kernel",
    "sim/kernel/network",
    "sim/kernel",
    "sim/servers/postgres",
    "sim/servers/redis",
    "sim/servers/prometheus",
    "sim/servers/collector",
    "sim/world/edges",
    "sim/errors",
    "src",
    "sim/shared/text",
  ],
  "sim/world/faults": [
    "sim/world/cluster",
    "sim/servers/postgres",
    "sim/kernel/network",
    "sim/kernel",
    "sim/errors",
    "sim/shared/text",
    "sim/shared/text",
  ],
  "sim/world": [
    "sim/world/faults",
    "sim/world/invariants",
    "sim/world/cluster",
    "sim/world/client",
    "sim/world/edges",
    "sim/kernel",
    "sim/kernel/network",
    "sim/kernel",
    "sim/servers/postgres",
    "sim/servers/redis",
    "sim/servers/prometheus",
    "sim/errors",
    "sim/shared/text",
    "src/model",
    "sim/shared/call-site",
    "sim/shared/text",
  ],
  "sim/scenarios": ["sim/world", "sim/kernel", "sim/world/client", "sim/errors", "sim/shared/text"],
  "sim/scenarios/history": ["sim/scenarios", "sim/errors", "sim/shared/text", "sim/shared/folders"],
  "sim/explore/strategies": ["sim/kernel", "sim/errors", "sim/shared/text"],
  "sim/world/invariants": ["sim/errors"],
  "sim/explore": [
    "sim/explore/determinism",
    "sim/explore/strategies",
    "sim/scenarios",
    "sim/world",
    "sim/world/invariants",
    "sim/kernel",
    "sim/kernel",
    "sim/errors",
    "sim/explore",
    "sim/shared/version",
    "sim/shared/folders",
    "sim/shared/folders",
    "sim/shared/text",
  ],
  "sim/cli": ["sim"],
  "sim/index": ["sim"],
  "sim/explore/any-runner": ["sim"],
  "sim/vitest/index": ["sim"],
  "sim/fast-check/index": ["sim", "src/model"],
};

const files = sourceFiles("src", "sim");

test("every room is in the table, and imports only what the table allows", () => {
  const offences = files.flatMap(({ path, imports }) => {
    const room = roomOf(path);
    if (room === undefined) return [`${path} stands in a room that the table does not know`];
    const allowed = ["src/ports", room, ...(mayImport[room] ?? [])];
    return imports
      .filter((name) => name.startsWith("src/") || name.startsWith("sim/"))
      .filter((name) => !allowed.some((prefix) => within(name, prefix)))
      .map((name) => `${path} imports ${name}`);
  });
  expect(offences).toEqual([]);
});

/** Modules that may be imported past their index: what is needed of them must not load the rest of the folder. */
const alsoPublic: ReadonlySet<string> = new Set([
  "src/analysis/rules",
  "sim/scenarios/history/gate-limits",
  "sim/kernel/duration",
]);

test("other rooms import a folder through its index, nothing deeper", () => {
  const offences = files.flatMap(({ path, imports }) =>
    imports
      .filter((name) => name.startsWith("src/") || name.startsWith("sim/"))
      .filter((name) => roomOf(name) !== roomOf(path))
      .filter((name) => name.split("/").length > 2 && !name.endsWith("/index") && !alsoPublic.has(name))
      .map((name) => `${path} imports ${name}`),
  );
  expect(offences).toEqual([]);
});

test("the platform names no mock and no part of the simulator", () => {
  const forbidden =
    /^(?:phoenix-sim|pg-mem|ioredis-mock|mock-socket|msw|@sinonjs\/fake-timers|fast-check|vitest)/;
  const offences = files
    .filter(({ path }) => path.startsWith("src/"))
    .flatMap(({ path, imports }) =>
      imports.filter((name) => forbidden.test(name)).map((name) => `${path}: ${name}`),
    );
  expect(offences).toEqual([]);
});

function roomOf(path: string): string | undefined {
  return Object.keys(mayImport)
    .filter((room) => within(path, room))
    .sort((a, b) => b.length - a.length)[0];
}

function within(path: string, prefix: string): boolean {
  return path === prefix || path === `${prefix}.ts` || path.startsWith(`${prefix}/`);
}
