import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";

import { compileMutants, mutantsOf, type Mutant } from "./mutants.js";

const text = `
const sql = "UPDATE t SET a = $1, n = n + 1 WHERE id = $2 AND open = true";
function f(a) {
  if (a < 1) called.push("one");
  else called.push("two");
  return a + 1;
}`;

const mutants: readonly Mutant[] = mutantsOf("f.js", text).map((mutant, index) =>
  Object.assign(mutant, { id: index + 1 }),
);

/** @returns What `f` calls and returns for 0 and 1, and the statement, with one mutant on. */
function behaviour(source: string, on: number): string {
  const called: string[] = [];
  const script = `${source}; [f(0), f(1), called.join(), sql].join("; ")`;
  return String(runInNewContext(script, { called, isMutant: (id: number) => id === on }));
}

test("a file with its mutants compiled in behaves as before while none is on", () => {
  expect(behaviour(compileMutants(text, mutants), 0)).toBe(behaviour(text, 0));
});

test("each mutant changes what it says, and nothing else", () => {
  const compiled = compileMutants(text, mutants);
  const statement = "UPDATE t SET a = $1, n = n + 1 WHERE id = $2 AND open = true";
  const found = mutants.map(({ id, line, shown }) => `${line}: ${shown} -> ${behaviour(compiled, id)}`);
  expect(found).toEqual([
    `2: AND open = true =>  -> 1; 2; one,two; ${statement.replace(" AND open = true", "")}`,
    `2: + 1 => + 0 -> 1; 2; one,two; ${statement.replace("+ 1", "+ 0")}`,
    `2: true => false -> 1; 2; one,two; ${statement.replace("true", "false")}`,
    `2: , n = n + 1 =>  -> 1; 2; one,two; ${statement.replace(", n = n + 1", "")}`,
    `4: a < 1 => !(a < 1) -> 1; 2; two,one; ${statement}`,
    `4: a < 1 => a <= 1 -> 1; 2; one,one; ${statement}`,
    `4: 1 => 2 -> 1; 2; one,one; ${statement}`,
    `4: called.push("one"); =>  -> 1; 2; two; ${statement}`,
    `5: called.push("two"); =>  -> 1; 2; one; ${statement}`,
    `6: a + 1 => undefined -> ; ; one,two; ${statement}`,
    `6: a + 1 => a - 1 -> -1; 0; one,two; ${statement}`,
    `6: 1 => 2 -> 2; 3; one,two; ${statement}`,
  ]);
});

test("a mutant keeps its key while other places change, and equal changes are numbered", () => {
  const keys = mutants.map(({ key }) => key);
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.filter((key) => key.startsWith("f.js: 1 => 2"))).toEqual(["f.js: 1 => 2", "f.js: 1 => 2 #2"]);
  const longer = mutantsOf("f.js", `${text}\nfunction g(b) { return b; }`).map(({ key }) => key);
  expect(longer).toEqual(expect.arrayContaining(keys));
});
