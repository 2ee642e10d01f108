import { expect, test } from "vitest";
import { describeReal } from "../support/real-arm.js";
import { realPrograms } from "../support/real-programs.js";
import { runDifferential } from "./differential.js";

describeReal("simulated and real Prometheus answer the same", [realPrograms.prometheus], () => {
  // Other random ones than those recorded.
  test("fixed and random queries", async () => {
    const { different, failing, queries } = await runDifferential(1_000, 1);
    expect(different).toEqual([]);
    // Most queries must mean something, or the comparison would prove little.
    expect(failing).toBeLessThan(queries / 5);
  });
});
