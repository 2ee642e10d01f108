import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const everything = ["test/**/*.test.ts"];
// Fixtures are suites of their own, which tests run by the command.
const never = ["test/bench/**", "test/fixtures/**"];
const replacing = ["test/unit/sim/cli/*.test.ts"];

// The project's own tests import the package by its public name, as a user would.
export default defineConfig({
  resolve: {
    alias: {
      "phoenix-sim/vitest": here("./sim/vitest/index.ts"),
      "phoenix-sim/fast-check": here("./sim/fast-check/index.ts"),
      "phoenix-sim/ioredis-mock": here("./sim/ioredis-mock/index.ts"),
      "phoenix-sim/pg-mem": here("./sim/pg-mem/index.ts"),
      "phoenix-sim": here("./sim/index.ts"),
    },
  },
  test: {
    setupFiles: ["test/support/repeatable-properties.ts"],
    // Generous, because machines are shared: what may take long is judged in virtual time and by the benches.
    testTimeout: 300_000,
    pool: "forks",
    maxWorkers: 2,
    // Loading the package and compiling its hot code takes most of the time that a file of tests takes alone: files
    // share one process and its modules, but for those of the command line, which put others in their place.
    projects: [
      {
        extends: true,
        test: { name: "shared", isolate: false, include: everything, exclude: [...never, ...replacing] },
      },
      { extends: true, test: { name: "isolated", isolate: true, include: replacing } },
    ],
  },
});
