import fc from "fast-check";
import { expect, test } from "vitest";

import { uuidsIn } from "../../../../../sim/world/invariants/tenant-isolation.js";

const pattern = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

test("the ids found are those that a search of the whole text finds", () => {
  const piece = fc.oneof(
    fc.uuid(),
    fc.uuid().map((id) => id.slice(1)),
    fc.uuid().map((id) => id.slice(0, -1)),
    fc.constantFrom("-", "--", "a", "0123abcd-", '","id":"', "G", "2026-01-01"),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const text = pieces.join("");
      expect(uuidsIn(text)).toEqual([...text.matchAll(pattern)].map(([id]) => id));
    }),
    { seed: 1, numRuns: 1000 },
  );
});
