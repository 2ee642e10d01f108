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
  "sim/version": [],
  "sim/text": [],
  "sim/make-folder": [],
  "sim/folders": [],
  "sim/load-package": [],
  "sim/call-site": [],
  "sim/testing": ["sim/errors", "sim/text"],
  "sim/check-options": ["sim/errors", "sim/text"],
  "sim/kernel": ["sim/errors"],
  "sim/trace": ["sim/kernel"],
  "sim/network": ["sim/kernel", "sim/errors", "sim/check-options", "sim/text"],
  "sim/postgres": ["sim/errors", "sim/load-package"],
  "sim/redis": ["sim/errors", "sim/load-package"],
  "sim/prometheus": ["sim/errors", "src/analysis"],
  "sim/dataplane": ["sim/errors", "src/generator", "src/model"],
  "sim/client": ["src/model", "sim/check-options"],
  "sim/edge": ["sim/kernel", "sim/network", "sim/errors", "sim/text", "sim/check-options"],
  "sim/determinism": ["sim/edge", "sim/kernel", "sim/call-site"],
  "sim/services": [
    "sim/kernel",
    "sim/network",
    "sim/trace",
    "sim/postgres",
    "sim/redis",
    "sim/prometheus",
    "sim/dataplane",
    "sim/edge",
    "sim/errors",
    "src",
    "sim/check-options",
  ],
  "sim/faults": [
    "sim/services",
    "sim/postgres",
    "sim/network",
    "sim/kernel",
    "sim/errors",
    "sim/text",
    "sim/check-options",
  ],
  "sim/phoenix": [
    "sim/faults",
    "sim/invariants",
    "sim/services",
    "sim/client",
    "sim/edge",
    "sim/kernel",
    "sim/network",
    "sim/trace",
    "sim/postgres",
    "sim/redis",
    "sim/prometheus",
    "sim/errors",
    "sim/text",
    "src/model",
    "sim/call-site",
    "sim/check-options",
  ],
  "sim/scenarios": ["sim/phoenix", "sim/kernel", "sim/client", "sim/errors", "sim/text"],
  "sim/history": ["sim/scenarios", "sim/errors", "sim/text", "sim/make-folder"],
  "sim/strategies": ["sim/kernel", "sim/errors", "sim/text"],
  "sim/invariants": ["sim/errors"],
  "sim/explore": [
    "sim/determinism",
    "sim/strategies",
    "sim/scenarios",
    "sim/phoenix",
    "sim/invariants",
    "sim/trace",
    "sim/kernel",
    "sim/errors",
    "sim/testing",
    "sim/version",
    "sim/make-folder",
    "sim/folders",
    "sim/text",
  ],
  "sim/cli": ["sim"],
  "sim/index": ["sim"],
  "sim/any-runner": ["sim"],
  "sim/vitest": ["sim"],
  "sim/fast-check": ["sim", "src/model"],
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
  "sim/history/gate-limits",
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
