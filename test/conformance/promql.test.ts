import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { caseSets, CASES_FOLDER, runFolder } from "./report.js";

const own = fileURLToPath(new URL("cases", import.meta.url));

for (const folder of [own, CASES_FOLDER]) {
  for (const set of caseSets(folder)) {
    const name = folder === own ? "the project's own cases" : "the cases of the language's own tests";
    test(`${name} for ${set.name} all pass`, () => {
      const failures = runFolder(set.folder, set.dialect).flatMap(({ file, failures }) =>
        failures.map(({ line, query, reason }) => `${file}:${line} ${query}: ${reason}`),
      );
      expect(failures).toEqual([]);
    });
  }
}
