import { expect, test } from "vitest";
import type { NodeOptions } from "../../../../../sim/servers/collector/index.js";
import { createTestNode, generate, processSeries } from "./test-node.js";

const { baseline } = generate("exp", "process-baseline-v1");

test.each<[NodeOptions, string]>([
  [{ reloadMs: -1 }, "Node option reloadMs is -1."],
  [{ loadProcessesMax: Number.NaN }, "Node option loadProcessesMax is NaN."],
  [{ backgroundProfile: "quiet" }, 'Node option backgroundProfile is "quiet".'],
])("the options %j are refused with a code and a hint", (options, problem) => {
  expect(() => createTestNode({ options })).toThrow(
    expect.objectContaining({ code: "SIM_OPTION_INVALID", message: expect.stringContaining(problem) }),
  );
});

test("a bare node has no processes, a busy one as many as asked for", () => {
  const count = (options: NodeOptions): number => {
    const node = createTestNode({ options });
    node.putConfig("exp", "baseline", 1, baseline);
    node.advance(2000);
    return processSeries(node.scrape(8888)).filter(({ name }) => name === "phoenix_process_threads").length;
  };
  expect(count({ backgroundProfile: "none" })).toBe(0);
  expect(count({ backgroundProfile: "realistic", backgroundProcessCount: 46 })).toBe(46);
});
