/** The typed client of the platform's API. */
export { ApiError } from "./api-error.js";
export type { ErrorBody } from "./api-error.js";
export { createClient } from "./client.js";
export type { CallOptions, Client, ClientOptions, CreateOptions, Send } from "./client.js";
export type {
  ConfigsReply,
  CreateExperiment,
  Deployment,
  ExperimentList,
  ExperimentReply,
  LoginReply,
  MetricsReply,
  ResultsReply,
  StartLoad,
  VariantMetricsReply,
} from "./shapes.js";
