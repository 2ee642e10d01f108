/**
 * A typed client of the platform's API, as a test would write it: it logs in once, sends the token, and turns
 * error replies into `ApiError`. Requests travel through the network like everybody's.
 */
import type { HttpReply } from "../../src/ports/index.js";
import { checkOptions } from "../check-options.js";
import { ApiError, type ErrorBody } from "./api-error.js";
import type {
  ConfigsReply,
  CreateExperiment,
  Deployment,
  ExperimentList,
  ExperimentReply,
  LoginReply,
  MetricsReply,
  ResultsReply,
  StartLoad,
} from "./shapes.js";

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
