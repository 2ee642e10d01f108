import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { expect, test } from "vitest";

import { withSourceLine } from "../../../../sim/cli/reporters/source-line.js";
import { tempFolder } from "../history/temp-folder.js";

test("a line of a bundle is told as the line of the source that it came from, any other as it is", async () => {
  const folder = tempFolder();
  writeFileSync(
    join(folder, "own.ts"),
    "// first\n\nexport function fails(): never {\n  throw new Error('here');\n}\n",
  );
  await build({
    entryPoints: [join(folder, "own.ts")],
    outfile: join(folder, "dist", "bundle.js"),
    bundle: true,
    format: "esm",
    sourcemap: true,
    sourcesContent: false,
  });
  const place = pathToFileURL(`${join(folder, "dist")}/`);
  const sourceOf = (source?: string): string | undefined =>
    withSourceLine(
      { kind: "assertion", code: "SIM_ASSERTION", message: "", ...(source === undefined ? {} : { source }) },
      place,
    ).source;
  expect(sourceOf("bundle.js:3")).toBe("own.ts:4");
  expect(sourceOf("own.mjs:7")).toBe("own.mjs:7");
  expect(sourceOf("elsewhere.js:3")).toBe("elsewhere.js:3");
  expect(sourceOf()).toBeUndefined();
});
