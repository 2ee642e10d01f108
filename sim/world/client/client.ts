/**
 * A typed client of the platform's API, as a test would write it: it logs in once, sends the token, and turns
 * error replies into `ApiError`. Requests travel through the network like everybody's.
 */
import type { ExperimentState, Variant } from "../../../src/model/index.js";
import type { HttpReply } from "../../../src/ports/index.js";
import { checkOptions } from "../../shared/text.js";

// A reply that is not a success, as an error.

/** Body of an error reply of the platform. */
export interface ErrorBody {
  /** Lower-case text, such as `forbidden: experiment belongs to another tenant`. */
  readonly error: string;
  /** Stable name, such as `VALIDATION_ERROR`. */
  readonly code?: string;
  readonly details?: unknown;
}

/** Thrown by the client for every reply of 400 and above. The message holds the platform's own text. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  /** Parsed body when it was JSON, else its text. */
  readonly body: ErrorBody | string;
  /** The platform's code, such as `NOT_FOUND`; empty when the body had none. */
  readonly code: string;

  constructor(method: string, path: string, status: number, body: ErrorBody | string) {
    const text = typeof body === "string" ? body : body.error;
    super(`${method} ${path} answered ${status}: ${text}`);
    this.status = status;
    this.body = body;
    this.code = typeof body === "string" ? "" : (body.code ?? "");
  }
}

export interface CallOptions {
  /** JSON body. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface CreateOptions {
  /** Sent as `Idempotency-Key`: the same key and body again give the same experiment. */
  readonly idempotencyKey?: string;
}

/** Every method throws `ApiError` for replies of 400 and above, and the network's errors as they come. */
export interface Client {
  /** Bearer token that requests carry; empty before the first one logged in. */
  readonly token: string;
  /** Sends one request to the gateway. @param path - From the root, such as `/api/v1/experiments`. */
  call<T>(method: string, path: string, options?: CallOptions): Promise<T>;
  createExperiment(body: CreateExperiment, options?: CreateOptions): Promise<ExperimentReply>;
  getExperiment(id: string): Promise<ExperimentReply>;
  /** @param query - Such as `{ status: "running", page_size: 20 }`. */
  listExperiments(query?: Readonly<Record<string, string | number>>): Promise<ExperimentList>;
  startExperiment(id: string): Promise<void>;
  stopExperiment(id: string): Promise<void>;
  deleteExperiment(id: string): Promise<void>;
  getConfigs(id: string): Promise<ConfigsReply>;
  getDeployments(id: string): Promise<readonly Deployment[]>;
  getMetrics(id: string): Promise<MetricsReply>;
  getResults(id: string): Promise<ResultsReply>;
  startLoad(load: StartLoad): Promise<{ readonly id: string; readonly state: string }>;
  /** @param processors - Such as `[{ type: "filter", config: { include_patterns: ["critical_*"] } }]`. */
  updatePipelineConfig(
    id: string,
    processors: readonly unknown[],
    variant?: "baseline" | "candidate",
  ): Promise<{ readonly config_version: number }>;
  login(email: string, password: string): Promise<LoginReply>;
  /** @returns The same client with the token of another user. */
  as(email: string, password: string): Promise<Client>;
}

/** Sends one request and gives the reply, whatever its status. */
export type Send = (
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string,
) => Promise<HttpReply>;

export interface ClientOptions {
  readonly send: Send;
  /** A token, or who to log in as at the first request. */
  readonly auth: string | { readonly email: string; readonly password: string };
}

const base = "/api/v1";

export function createClient({ send, auth }: ClientOptions): Client {
  let token = typeof auth === "string" ? auth : "";
  let loggingIn: Promise<string> | undefined;

  async function exchange<T>(method: string, path: string, options: CallOptions, bearer: string): Promise<T> {
    const headers: Record<string, string> = { ...options.headers };
    if (bearer !== "") headers["authorization"] = `Bearer ${bearer}`;
    let body = "";
    if (options.body !== undefined) {
      body = JSON.stringify(options.body);
      headers["content-type"] = "application/json";
    }
    const reply = await send(method, path, headers, body);
    const parsed = parseBody(reply.body);
    if (reply.status >= 400) throw new ApiError(method, path, reply.status, parsed as ErrorBody | string);
    return parsed as T;
  }

  async function bearer(): Promise<string> {
    if (token !== "" || typeof auth === "string") return token;
    // One login for all requests that were sent before the first was through; a failed one is tried anew.
    loggingIn ??= login(auth.email, auth.password).then(
      (reply) => (token = reply.token),
      (error: unknown) => {
        loggingIn = undefined;
        throw error;
      },
    );
    return loggingIn;
  }

  async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    checkOptions("call", options, ["body", "headers"]);
    return exchange<T>(method, path, options, await bearer());
  }

  async function login(email: string, password: string): Promise<LoginReply> {
    const reply = await exchange<LoginReply>("POST", `${base}/auth/login`, { body: { email, password } }, "");
    // A body that was cut off on its way: whoever takes it for a token is refused from then on.
    if (typeof reply.token !== "string") throw new Error("POST /auth/login was answered without a token");
    return reply;
  }

  const ofExperiment = (id: string, rest = ""): string =>
    `${base}/experiments/${encodeURIComponent(id)}${rest}`;

  return {
    get token() {
      return token;
    },
    call,
    login,
    createExperiment: async (body, options) => {
      checkOptions("createExperiment", options, ["idempotencyKey"]);
      const idempotencyKey = options?.idempotencyKey;
      return call("POST", `${base}/experiments`, {
        body,
        ...(idempotencyKey === undefined ? {} : { headers: { "idempotency-key": idempotencyKey } }),
      });
    },
    getExperiment: async (id) => call("GET", ofExperiment(id)),
    listExperiments: async (query = {}) => {
      const search = new URLSearchParams(Object.entries(query).map(([key, value]) => [key, String(value)]));
      return call("GET", `${base}/experiments${search.size > 0 ? `?${search.toString()}` : ""}`);
    },
    startExperiment: async (id) => call("POST", ofExperiment(id, "/start")),
    stopExperiment: async (id) => call("POST", ofExperiment(id, "/stop")),
    deleteExperiment: async (id) => call("DELETE", ofExperiment(id)),
    getConfigs: async (id) => call("GET", ofExperiment(id, "/configs")),
    getDeployments: async (id) => {
      const reply = await call<{ deployments: Deployment[] }>("GET", ofExperiment(id, "/deployments"));
      return reply.deployments;
    },
    getMetrics: async (id) => call("GET", ofExperiment(id, "/metrics")),
    getResults: async (id) => call("GET", ofExperiment(id, "/results")),
    startLoad: async (load) => call("POST", `${base}/load-simulations`, { body: load }),
    updatePipelineConfig: async (id, processors, variant = "candidate") =>
      call("PUT", ofExperiment(id, "/pipeline-config"), { body: { variant, processors } }),
    as: async (email, password) => {
      const reply = await login(email, password);
      return createClient({ send, auth: reply.token });
    },
  };
}

function parseBody(text: string): unknown {
  if (text === "") return "";
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

// Shapes of requests and replies of the gateway, as the client types them. Field names are those on the wire.

/** Body of a create request. Only `name` has no default. */
export interface CreateExperiment {
  readonly name: string;
  readonly description?: string;
  readonly baseline_pipeline?: string;
  readonly candidate_pipeline?: string;
  readonly target_nodes?: readonly string[];
  readonly config?: {
    /** Such as `5m`. */
    readonly duration?: string;
    readonly traffic_split?: { readonly baseline: number; readonly candidate: number };
    readonly success_criteria?: Readonly<Record<string, number>>;
    readonly load_profile?: string;
    readonly parameters?: Readonly<Record<string, unknown>>;
  };
}

export interface ExperimentReply {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly state: ExperimentState;
  readonly status: ExperimentState;
  readonly baseline_pipeline: string;
  readonly candidate_pipeline: string;
  readonly target_nodes: readonly string[];
  readonly tenant_id: string;
  /** RFC 3339. */
  readonly created_at: string;
  readonly started_at: string | null;
  readonly completed_at: string | null;
}

export interface ExperimentList {
  readonly experiments: readonly ExperimentReply[];
  readonly total: number;
  readonly has_more: boolean;
  readonly next_page_token: string;
}

export interface ConfigsReply {
  /** Collector YAML. */
  readonly baseline_config: string;
  readonly candidate_config: string;
  readonly version: number;
}

export interface Deployment {
  readonly id: string;
  readonly variant: Variant;
  readonly status: string;
  readonly target_nodes: readonly string[];
}

interface VariantMetricsReply {
  readonly time_series_count: number;
  readonly samples_per_second: number;
  readonly cpu_usage: number;
  readonly memory_usage: number;
  readonly process_count: number;
}

export interface MetricsReply {
  readonly experiment_id: string;
  readonly baseline_metrics: VariantMetricsReply;
  readonly candidate_metrics: VariantMetricsReply;
  /** `node` is the sorted list of nodes that metrics came from. */
  readonly labels: { readonly node: readonly string[] };
}

export interface ResultsReply {
  /** Percent. */
  readonly cardinality_reduction: number;
  readonly latency_increase: number;
  readonly critical_process_coverage: number;
  readonly cost_reduction: number;
  readonly summary: string;
  readonly recommendation: string;
}

export interface StartLoad {
  readonly experiment_id: string;
  /** @default "realistic" */
  readonly profile?: string;
  readonly process_count?: number;
  readonly metrics_per_second?: number;
  /** Such as `5m`. */
  readonly duration?: string;
}

export interface LoginReply {
  readonly token: string;
  readonly expires_at: string;
  readonly user: {
    readonly id: string;
    readonly email: string;
    readonly roles: readonly string[];
    readonly tenant_id: string;
  };
}
