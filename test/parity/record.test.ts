import { afterEach, expect, test, vi } from "vitest";
import { recordSuites } from "./record.js";

const say = (line: string): never => {
  throw new Error(`nothing should be recorded, but: ${line}`);
};

afterEach(() => {
  vi.unstubAllEnvs();
});

test("a recording that does not exist is refused with the names of those that do", async () => {
  await expect(recordSuites(["redis", "mysql"], say)).rejects.toThrow(
    'There is no recording "mysql". There are: postgres, postgres-histories, redis, redis-histories, redis-wire, prometheus, prometheus-queries.',
  );
});

test("nothing is recorded where a server that is asked is not installed", async () => {
  vi.stubEnv("PATH", "");
  await expect(recordSuites(["redis-wire", "prometheus"], say)).rejects.toThrow(
    "Cannot record: Redis 7.0 is not installed (Debian 12: apt-get install redis-server).",
  );
});
