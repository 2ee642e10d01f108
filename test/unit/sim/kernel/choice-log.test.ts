import fc from "fast-check";
import { expect, test } from "vitest";

import { createChoiceLog, defaultDriver, replayDriver, seededDriver } from "../../../../sim/kernel/index.js";

test("one more question under one label moves no answer under another", () => {
  const plain = createChoiceLog(seededDriver(7));
  const chatty = createChoiceLog(seededDriver(7));
  const answers = [plain, chatty].map((log, index) => {
    const found: number[] = [];
    for (let i = 0; i < 20; i++) {
      if (index === 1) log.choose("order", "elsewhere", 100);
      found.push(log.choose("latency", "here", 1000));
    }
    return found;
  });
  expect(answers[0]).toEqual(answers[1]);
  expect(new Set(answers[0]).size).toBeGreaterThan(15);
});

test("the default driver answers 0 to everything and still draws different ids", () => {
  const log = createChoiceLog(defaultDriver());
  expect(log.choose("order", "a", 5)).toBe(0);
  expect(log.chance("fault", "b", 1)).toBe(false);
  expect(log.entropy("ids")).not.toBe(log.entropy("ids"));
});

test("a replay of the recorded decisions gives every answer again", () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.array(fc.record({ label: fc.constantFrom("a", "b", "c"), n: fc.integer({ min: 1, max: 20 }) })),
      (seed, questions) => {
        const original = createChoiceLog(seededDriver(seed), { record: true });
        const answers = questions.map(({ label, n }) => original.choose("latency", label, n));
        const driver = replayDriver(seed, original.decisions);
        const replayed = createChoiceLog(driver);
        expect(questions.map(({ label, n }) => replayed.choose("latency", label, n))).toEqual(answers);
        expect(driver.unused).toEqual([]);
      },
    ),
  );
});

test("a recorded answer that no longer fits becomes 0 and is reported as unused", () => {
  const decision = { kind: "order", label: "a", occurrence: 0, value: 7 } as const;
  const driver = replayDriver(1, [decision]);
  const log = createChoiceLog(driver);
  expect(log.choose("order", "a", 3)).toBe(0);
  expect(driver.unused).toEqual([decision]);
});

test("a seeded driver follows the probability of a yes-or-no question", () => {
  const log = createChoiceLog(seededDriver(3));
  let yes = 0;
  for (let i = 0; i < 10_000; i++) if (log.chance("fault", "loss", 0.1)) yes += 1;
  expect(yes).toBeGreaterThan(850);
  expect(yes).toBeLessThan(1150);
});

test("choices of one label are spread evenly", () => {
  const log = createChoiceLog(seededDriver(11));
  const counts = [0, 0, 0, 0, 0];
  for (let i = 0; i < 50_000; i++) {
    const answer = log.choose("order", "even", 5);
    counts[answer] = (counts[answer] ?? 0) + 1;
  }
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
});

test("an answer outside the question is refused", () => {
  const log = createChoiceLog({ choose: () => 9, entropy: () => 0 });
  expect(() => log.choose("order", "a", 3)).toThrow('The driver answered 9 to "a", which takes 0 to 2.');
});
