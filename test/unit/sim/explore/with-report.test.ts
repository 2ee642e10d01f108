import { AssertionError } from "node:assert";
import { describe, expect, test } from "vitest";

import { appended, withReport } from "../../../../sim/explore/test-runners.js";

describe("a report in an error", () => {
  test("stands below the message, in the stack above the frames, and the error stays itself", () => {
    const error = new AssertionError({ message: "one is not two", actual: 1, expected: 2 });
    const frames = error.stack?.match(/^\s+at .*$/gm);
    const told = withReport(error, "the report");
    expect(told).toBe(error);
    expect(told.message).toBe("one is not two\n\nthe report");
    expect(told.stack).toMatch(/^AssertionError.*: one is not two\n\nthe report\n\s+at /);
    expect(told.stack?.match(/^\s+at .*$/gm)).toEqual(frames);
    expect(told).toMatchObject({ name: "AssertionError", code: "ERR_ASSERTION", actual: 1, expected: 2 });
  });

  test("takes the place of the one before", () => {
    const error = new Error("same");
    withReport(error, "first");
    expect(withReport(error, "second").message).toBe("same\n\nsecond");
    expect(error.stack).not.toContain("first");
  });

  test("of a frozen error is in a copy of the same class", () => {
    class Own extends RangeError {
      readonly code = "OWN";
    }
    const error = Object.freeze(new Own("frozen", { cause: "why" }));
    const told = withReport(error, "the report");
    expect([told instanceof Own, told.name, told.cause]).toEqual([true, "RangeError", "why"]);
    expect(told).toMatchObject({ code: "OWN", message: "frozen\n\nthe report" });
    expect(error.message).toBe("frozen");
  });

  test.each([["a text"], [undefined], [null], [404], [{ status: 503 }], [Symbol("sign")]])(
    "of %o, which is no error, is in an error that it is the cause of",
    (thrown) => {
      const told = withReport(thrown, "the report");
      expect([told.cause, told.message.endsWith("\n\nthe report")]).toEqual([thrown, true]);
    },
  );

  test("has the message of the error where the stack is another's", () => {
    const texts = { message: "the invariant broke", stack: "SimError: it returned false\n    at a.ts:1:1" };
    expect(appended(texts, "report").stack).toBe("SimError: the invariant broke\n\nreport\n    at a.ts:1:1");
  });

  test("is all there is where there was no message, and needs no stack", () => {
    expect(appended({ message: "" }, "report")).toEqual({ message: "report" });
    expect(appended({ message: "", stack: "Error\n    at a.ts:1:1" }, "report").stack).toBe(
      "Error\n\nreport\n    at a.ts:1:1",
    );
  });
});
