/** The HTTP API. */
export { createApi } from "./api.js";
