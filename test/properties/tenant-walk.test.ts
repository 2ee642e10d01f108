/**
 * Walks the OpenAPI document, so that a route that is added is tested without anybody thinking of it: what is
 * another tenant's stays closed, by every operation, whatever body it is sent.
 */
import type { Phoenix } from "phoenix-sim";
import { createTest, expect } from "phoenix-sim/vitest";
import fc from "fast-check";

const test = createTest({ nodes: 1, globals: false });

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly open: boolean;
  readonly statuses: readonly string[];
}

interface Belongings {
  readonly experiment: string;
  readonly load: string;
  readonly deployment: string;
  readonly signal: string;
  readonly template: string;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** What the braces of a path stand for. A new kind must be named here, or the walk fails. */
const kinds: readonly (readonly [pattern: RegExp, kind: keyof Belongings | "public"])[] = [
  [/\/experiments\/\{id\}/, "experiment"],
  [/\/generator\/configs\/\{id\}/, "experiment"],
  [/\/load-simulations\/\{id\}/, "load"],
  [/\/pipelines\/deployments\/\{id\}/, "deployment"],
  [/\/control\/signals\/\{id\}/, "signal"],
  [/\/templates\/\{name\}/, "template"],
  [/\/pipelines\/\{name\}/, "public"],
];

const bodies = fc.oneof(
  fc.constant({}),
  fc.record(
    {
      name: fc.string(),
      description: fc.string(),
      action: fc.constantFrom("start", "cancel", "stop", "pause"),
      variant: fc.constantFrom("baseline", "candidate", "other"),
      processors: fc.array(fc.record({ type: fc.constantFrom("topk", "filter") })),
      parameters: fc.object(),
      content: fc.string(),
      tenant_id: fc.constant("tenant2"),
      type: fc.constantFrom("rollback", "config_update", "traffic_split"),
    },
    { requiredKeys: [] },
  ),
);

test("no operation lets an administrator of one tenant see or change what is another's", async ({
  phoenix,
}) => {
  const owner = await tokenOf(phoenix, "tenant1");
  const otherTenant = await tokenOf(phoenix, "tenant2");
  const belongings = await furnish(phoenix, owner);
  const operations = await readOperations(phoenix);
  expect(operations.length).toBeGreaterThan(50);
  const before = snapshot(phoenix);

  await fc.assert(
    fc.asyncProperty(bodies, async (body) => {
      for (const operation of operations.filter(({ path }) => path.includes("{"))) {
        const kind = kindOf(operation.path);
        if (kind === "public") continue;
        const path = operation.path.replaceAll(/\{\w+\}/g, belongings[kind]);
        const answer = await send(phoenix, otherTenant, operation.method, path, body);
        const what = `${operation.method} ${path} with ${JSON.stringify(body)} answered ${answer.text}`;
        // Templates are named within a tenant: that of another does not exist for this one.
        const closed = kind === "template" ? [400, 404] : [403];
        expect([what, closed.includes(answer.status)]).toEqual([what, true]);
        const told = kind === "template" || JSON.parse(answer.text).error.includes("forbidden");
        expect([what, told]).toEqual([what, true]);
        expect([what, operation.statuses.includes(String(answer.status))]).toEqual([what, true]);
      }
      expect(snapshot(phoenix)).toEqual(before);
    }),
    { numRuns: 6 },
  );
});

test("no operation that names a thing in its body lets another tenant reach it", async ({ phoenix }) => {
  const belongings = await furnish(phoenix, await tokenOf(phoenix, "tenant1"));
  const otherTenant = await tokenOf(phoenix, "tenant2");
  const before = snapshot(phoenix);
  const body = { experiment_id: belongings.experiment, id: belongings.experiment, type: "rollback" };
  let named = 0;
  for (const { method, path, open } of await readOperations(phoenix)) {
    if (open || path.includes("{") || method === "GET") continue;
    const answer = await send(phoenix, otherTenant, method, path, body);
    expect(answer.text, `${method} ${path}`).not.toContain("secret");
    if (answer.status === 403) named += 1;
    else expect(answer.text, `${method} ${path}`).not.toContain(belongings.experiment);
  }
  expect(named).toBe(3);
  expect(snapshot(phoenix)).toEqual(before);
});

test("no list shows anything of another tenant", async ({ phoenix }) => {
  const owner = await tokenOf(phoenix, "tenant1");
  const belongings = await furnish(phoenix, owner);
  const otherTenant = await tokenOf(phoenix, "tenant2");
  let shown = 0;
  for (const { method, path, open } of await readOperations(phoenix)) {
    if (method !== "GET" || open || path.includes("{")) continue;
    const [mine, theirs] = [
      await send(phoenix, owner, method, path),
      await send(phoenix, otherTenant, method, path),
    ];
    const ids = Object.values(belongings).filter((id) => mine.text.includes(id));
    shown += ids.length;
    expect([path, theirs.status]).toEqual([path, 200]);
    expect([path, ids.filter((id) => theirs.text.includes(id))]).toEqual([path, []]);
  }
  // Experiments, loads, deployments (also those of the experiment) and templates have lists.
  expect(shown).toBeGreaterThanOrEqual(4);
});

test("without a token no operation but the open ones tells anything at all", async ({ phoenix }) => {
  const { experiment } = await furnish(phoenix, await tokenOf(phoenix, "tenant1"));
  for (const { method, path, open } of await readOperations(phoenix)) {
    for (const id of [experiment, "00000000-0000-4000-8000-000000000000", "nonsense"]) {
      const { status } = await send(phoenix, "", method, path.replaceAll(/\{\w+\}/g, id));
      expect([method, path, status === 401]).toEqual([method, path, !open]);
    }
  }
});

async function tokenOf(phoenix: Phoenix, tenant: string): Promise<string> {
  return (await phoenix.client.login(`admin@${tenant}.phoenix.io`, tenant)).token;
}

async function send(
  phoenix: Phoenix,
  token: string,
  method: string,
  path: string,
  body: unknown = {},
): Promise<Answer> {
  const response = await phoenix.fetch(`${phoenix.url}${path}`, {
    method,
    headers: {
      "content-type": "application/json",
      ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(method === "GET" || method === "DELETE" ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}

/** Gives a tenant one of everything, and lets nothing else happen. */
async function furnish(phoenix: Phoenix, token: string): Promise<Belongings> {
  const make = async (path: string, body: object): Promise<string> => {
    const { status, text } = await send(phoenix, token, "POST", `/api/v1${path}`, body);
    expect([path, status, text]).toEqual([path, 201, text]);
    return (JSON.parse(text) as { id: string }).id;
  };
  const experiment = await make("/experiments", { name: "secret-experiment" });
  await phoenix.waitForState(experiment, "running", { within: "1m" });
  const load = await make("/load-simulations", { experiment_id: experiment });
  const signal = await make("/control/signals", { experiment_id: experiment, type: "rollback" });
  const deployment = await make("/pipelines/deployments", {
    deployment_name: "secret-deployment",
    pipeline_name: "process-topk-v1",
  });
  await make("/templates", { name: "secret-template", content: "secret" });
  await phoenix.clock.advance("30s");
  await phoenix.services.controller.stop().settled;
  return { experiment, load, signal, deployment, template: "secret-template" };
}

async function readOperations(phoenix: Phoenix): Promise<readonly Operation[]> {
  const response = await phoenix.fetch(`${phoenix.url}/openapi.json`);
  const { paths } = (await response.json()) as {
    paths: Record<string, Record<string, { security: readonly unknown[]; responses: object }>>;
  };
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { security, responses }]) => ({
      method: method.toUpperCase(),
      path,
      open: security.length === 0,
      statuses: Object.keys(responses),
    })),
  );
}

function kindOf(path: string): keyof Belongings | "public" {
  const found = kinds.find(([pattern]) => pattern.test(path));
  if (found === undefined) throw new Error(`Say in "kinds" whose things are at ${path}.`);
  return found[1];
}

function snapshot(phoenix: Phoenix): string {
  const tables = [
    "experiments",
    "experiment_events",
    "generated_configs",
    "pipeline_deployments",
    "load_simulations",
    "control_signals",
    "config_templates",
    "experiment_results",
  ];
  return JSON.stringify(tables.map((table) => phoenix.postgres.rows(table)));
}
