import { expect, test, vi } from "vitest";

test("a snapshot without its mock says what to import", async () => {
  vi.resetModules();
  const { createPhoenix } = await import("phoenix-sim");
  await using phoenix = await createPhoenix();
  expect(() => phoenix.redis.snapshot()).toThrow(
    expect.objectContaining({
      code: "SIM_MOCK_MISSING",
      hint: expect.stringContaining("phoenix-sim/ioredis-mock"),
    }),
  );
});
