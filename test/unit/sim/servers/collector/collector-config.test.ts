import { expect, test } from "vitest";
import { expandEnvironment } from "../../../../../sim/servers/collector/collector-config.js";

const environment = { NODE_NAME: "node1", EMPTY: "" };

test.each([
  ["${env:NODE_NAME}", "node1"],
  ["${NODE_NAME}", "node1"],
  ["a-${NODE_NAME}-${env:NODE_NAME}", "a-node1-node1"],
  ["${env:MISSING:-https://x.example:4318}", "https://x.example:4318"],
  ["${NODE_NAME:-other}", "node1"],
  ["${EMPTY:-other}", ""],
  ["${MISSING}", ""],
  ["$NODE_NAME", "$NODE_NAME"],
])("%s becomes %j", (text, expanded) => {
  expect(expandEnvironment({ list: [text] }, environment)).toEqual({ list: [expanded] });
});

test("names that every object has are not variables", () => {
  expect(expandEnvironment("${constructor:-none}", environment)).toBe("none");
});
