import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

// The project's own tests import the package by its public name, as a user would.
export default defineConfig({
  resolve: {
    alias: {
      "phoenix-sim/vitest": here("./sim/vitest.ts"),
      "phoenix-sim/fast-check": here("./sim/fast-check.ts"),
      "phoenix-sim": here("./sim/index.ts"),
    },
  },
  test: {
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/support/repeatable-properties.ts"],
    exclude: ["test/bench/**"],
    // Generous, because machines are shared: what may take long is judged in virtual time and by the benches.
    testTimeout: 300_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
