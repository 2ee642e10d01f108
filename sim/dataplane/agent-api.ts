/** The HTTP interface of a node's agent: JSON in, JSON out. */
import { z } from "zod";
import type { HttpReply, HttpRequest } from "../../src/ports/index.js";
import type { CollectorRegistry } from "./collector-registry.js";
import type { NodeLoad } from "./node-load.js";
import { refuse, type Outcome } from "./outcome.js";

/** What the interface acts on. */
export interface AgentParts {
  readonly collectors: CollectorRegistry;
  readonly load: NodeLoad;
}

const identifier = z
  .string()
  .regex(/^[A-Za-z0-9][-A-Za-z0-9_.]{0,127}$/, "must be letters, digits, dashes and dots");
const collectorBody = z.object({
  experiment_id: identifier,
  variant: z.enum(["baseline", "candidate"]),
  version: z.int().min(1),
  config: z.string().min(1),
});
const loadBody = z.object({
  experiment_id: identifier,
  profile: z.string(),
  process_count: z.int().min(1).max(10_000),
  metrics_per_second: z.number().min(0).max(10_000_000),
  duration_ms: z.number().positive(),
  started_at_ms: z.number(),
});

type Action = (parts: AgentParts, path: readonly string[], request: HttpRequest) => Outcome;

const actions: Readonly<Record<string, Readonly<Record<string, Action>>>> = {
  "collectors/1": { GET: ({ collectors }) => collectors.list() },
  "collectors/3": {
    GET: ({ collectors }, [, experimentId = "", variant = ""]) => collectors.get(experimentId, variant),
    PUT: putCollector,
    DELETE: deleteCollector,
  },
  "loads/1": { GET: ({ load }) => load.list() },
  "loads/2": { PUT: putLoad, DELETE: ({ load }, [, loadId = ""]) => load.remove(loadId) },
  "health/1": { GET: () => ({ status: 200, body: { status: "ok" } }) },
};

/** Serves one request of the agent's interface. */
export function serveAgent(parts: AgentParts, request: HttpRequest): HttpReply {
  const path = new URL(request.url).pathname.slice(1).split("/").map(decodeSegment);
  const methods = actions[`${path[0] ?? ""}/${path.length}`];
  if (methods === undefined) return reply(refuse(404, `nothing is served at /${path.join("/")}`));
  const action = methods[request.method];
  if (action === undefined) {
    return reply(refuse(405, `${request.method} is not served here`), {
      allow: Object.keys(methods).join(", "),
    });
  }
  return reply(action(parts, path, request));
}

/** A segment that is not well encoded stands for itself; no id looks like that. */
function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function putCollector({ collectors }: AgentParts, path: readonly string[], request: HttpRequest): Outcome {
  const body = decode(collectorBody, request.body);
  if (!body.ok) return body.outcome;
  const { experiment_id: experimentId, variant, version, config } = body.value;
  if (experimentId !== path[1] || variant !== path[2]) {
    return refuse(400, `body is about ${experimentId}/${variant}, path about ${path[1]}/${path[2]}`);
  }
  return collectors.put({ experimentId, variant, version, config });
}

function deleteCollector(
  { collectors }: AgentParts,
  [, experimentId = "", variant = ""]: readonly string[],
  request: HttpRequest,
): Outcome {
  const text = new URL(request.url).searchParams.get("version");
  if (text === null) return collectors.remove(experimentId, variant, undefined);
  const version = Number(text);
  if (!Number.isInteger(version) || version < 1)
    return refuse(400, `version must be a whole number, found "${text}"`);
  return collectors.remove(experimentId, variant, version);
}

function putLoad({ load }: AgentParts, [, loadId = ""]: readonly string[], request: HttpRequest): Outcome {
  if (!identifier.safeParse(loadId).success) return refuse(400, `"${loadId}" is no load id`);
  const body = decode(loadBody, request.body);
  if (!body.ok) return body.outcome;
  const { value } = body;
  return load.put({
    loadId,
    experimentId: value.experiment_id,
    profile: value.profile,
    processCount: value.process_count,
    metricsPerSecond: value.metrics_per_second,
    durationMs: value.duration_ms,
    startedAtMs: value.started_at_ms,
  });
}

function decode<Value>(
  schema: z.ZodType<Value>,
  text: string,
): { ok: true; value: Value } | { ok: false; outcome: Outcome } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, outcome: refuse(400, "body is not JSON") };
  }
  const result = schema.safeParse(json);
  if (result.success) return { ok: true, value: result.data };
  const errors = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  return { ok: false, outcome: refuse(400, "invalid body", { errors }) };
}

function reply({ status, body }: Outcome, headers: Readonly<Record<string, string>> = {}): HttpReply {
  if (status === 204) return { status, headers, body: "" };
  return { status, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) };
}
