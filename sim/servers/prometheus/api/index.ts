/** The HTTP API. */
export { createApi, type ApiOptions } from "./api.js";
