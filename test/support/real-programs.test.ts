import { expect, test } from "vitest";
import { decideRealArm, missingProgram, realVersion } from "./real-programs.js";

const node = { name: "Node", debianPackage: "nodejs", command: process.execPath, wanted: /\d+\.\d+\.\d+/ };

test("a program that is missing, or of another version, is named with what to install", () => {
  expect([realVersion(node), missingProgram([node])]).toEqual([process.versions.node, undefined]);
  expect(missingProgram([node, { ...node, command: "no-such-program" }])).toBe(
    "Node is not installed (Debian 12: apt-get install nodejs)",
  );
  expect(missingProgram([{ ...node, name: "Node 1.0", wanted: /^v1\.0/ }])).toBe(
    `Node 1.0 is not installed, but v${process.versions.node} (Debian 12: apt-get install nodejs)`,
  );
});

test("without a real server the comparison is skipped, or fails where PHOENIX_SIM_REAL=required", () => {
  expect(decideRealArm(undefined, "required").action).toBe("run");
  expect(decideRealArm("Redis is not installed", "")).toEqual({
    action: "skip",
    reason: "Redis is not installed",
  });
  expect(decideRealArm("Redis is not installed", "required")).toEqual({
    action: "fail",
    reason: "Redis is not installed, and PHOENIX_SIM_REAL=required demands it.",
  });
  expect(() => decideRealArm(undefined, "1")).toThrow('PHOENIX_SIM_REAL is "1": set it to "required"');
});
