/** Tests that need a real server: they run, are skipped by name, or fail, as real-programs.ts decides. */
import { describe, test } from "vitest";

import { decideRealArm, missingProgram, type RealProgram } from "./real-programs.js";

interface Plan<Body> {
  readonly title: string;
  readonly skipped: boolean;
  readonly body: Body;
}

function plan<Body>(
  title: string,
  programs: readonly RealProgram[],
  body: Body,
  fail: (reason: string) => Body,
): Plan<Body> {
  const { action, reason } = decideRealArm(missingProgram(programs));
  const skipped = action === "skip";
  return {
    title: skipped ? `${title} (${reason})` : title,
    skipped,
    body: action === "fail" ? fail(reason) : body,
  };
}

/** @param body - Starts its servers in `beforeAll`: it is called to collect the names of skipped tests, too. */
export function describeReal(title: string, programs: readonly RealProgram[], body: () => void): void {
  const planned = plan(title, programs, body, (reason) => () => {
    test("the real programs are installed", () => {
      throw new Error(reason);
    });
  });
  describe.skipIf(planned.skipped)(planned.title, () => {
    planned.body();
  });
}

export function testReal(title: string, programs: readonly RealProgram[], body: () => Promise<void>): void {
  const planned = plan(title, programs, body, (reason) => async () => {
    throw new Error(reason);
  });
  test.skipIf(planned.skipped)(planned.title, async () => planned.body());
}
