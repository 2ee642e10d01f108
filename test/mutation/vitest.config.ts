import { readFileSync } from "node:fs";
import { relative } from "node:path";
import base from "../../vitest.config.js";
import { readJob } from "./job.js";
import { compileMutants } from "./mutants.js";

const { projects: _ours, ...shared } = base.test ?? {};
const { mutants } = readJob();

// Started by `npm run mutation` only, with the mutants to try.
export default {
  ...base,
  plugins: [
    {
      name: "mutants",
      enforce: "pre" as const,
      transform(_code: string, id: string) {
        const file = relative(process.cwd(), id).replaceAll("\\", "/");
        const inIt = mutants.filter((mutant) => mutant.file === file);
        return inIt.length === 0 ? undefined : { code: compileMutants(readFileSync(file, "utf8"), inIt) };
      },
    },
  ],
  test: {
    ...shared,
    isolate: false,
    maxWorkers: 1,
    include: ["test/mutation/each-mutant.mutation.ts"],
    setupFiles: ["test/mutation/switch.ts", "test/support/repeatable-properties.ts"],
    // Not against flakes: a failure stays one. The second try is the control, which runs without the mutant; a test that
    // fails there as well proves nothing about the mutant, and ends the process.
    retry: 1,
    testTimeout: 20_000,
    reporters: [],
  },
};
