import { expect, test } from "vitest";
import { runDifferential } from "./differential.js";
import { installedVersion } from "./real-server.js";

const version = installedVersion();
if (version === undefined)
  console.warn("The package `prometheus` is not installed: no query is compared with it.");

test.skipIf(version !== "2.42.0")("random queries get the same answers as from Prometheus 2.42", async () => {
  const { different, failing, queries } = await runDifferential(1_000, 20_231_114);
  expect(different).toEqual([]);
  // Most queries must mean something, or the comparison would prove little.
  expect(failing).toBeLessThan(queries / 5);
});
