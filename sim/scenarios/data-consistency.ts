/** Scenario 5: many creates at once, and every acknowledged one is in the database, once. */
import type { ExperimentReply } from "../world/client/index.js";
import type { Phoenix } from "../world/index.js";
import { range, type Scenario } from "./scenario.js";

const requestCount = 1_000;

export const dataConsistency: Scenario = {
  name: "data-consistency",
  summary: "a thousand experiments created at once are all stored, with their names, under different ids",
  deadline: "10m",
  faultWindow: "3s",
  world: { globals: true },
  async run({ phoenix, check, step, scale }) {
    const count = Math.max(1, Math.round(requestCount * scale));
    const { token } = await phoenix.client.login("admin@phoenix.io", "admin123");

    step(`create ${count} experiments at once`);
    const experiments = await Promise.all(
      range(count).map(async (index) => {
        const response = await phoenix.plainFetch(`${phoenix.url}/api/v1/experiments`, {
          method: "POST",
          headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
          body: JSON.stringify({ name: `consistency-test-${index}` }),
        });
        check.equal(response.status, 201, `the status of create ${index}`);
        return (await response.json()) as ExperimentReply;
      }),
    );

    step("each is in the database under its name");
    const stored = new Map(phoenix.postgres.rows("experiments").map((row) => [row["id"], row["name"]]));
    for (const [index, { id, name }] of experiments.entries()) {
      check.equal(name, `consistency-test-${index}`, "the name in the reply");
      check.equal(stored.get(id), name, `the name of ${id} in the database`);
    }
    check.equal(stored.size, count, "nothing else in the database");

    step("no id is there twice");
    const ids = new Set(experiments.map(({ id }) => id));
    check.equal(ids.size, count, "as many ids as experiments");

    step("the list shows each once, page by page");
    const listed = await listAll(phoenix);
    check.equal(listed.length, count, "experiments in the list");
    check.equal(new Set([...listed, ...ids]).size, count, "experiments listed or created");
  },
};

async function listAll({ client }: Phoenix): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let page_token = "", more = true; more;) {
    const page = await client.listExperiments({ page_size: 100, page_token });
    ids.push(...page.experiments.map(({ id }) => id));
    ({ has_more: more, next_page_token: page_token } = page);
  }
  return ids;
}
