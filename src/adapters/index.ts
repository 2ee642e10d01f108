/** The ports of the platform over the real things: pg, ioredis, ws, node:http, the system's clock and randomness. */

export { createSystemClock, createSystemRandom, createJsonLogger } from "./system.js";
export { createPgPool, type PgPoolOptions } from "./pg-pool.js";
export { createIoredisCache, type IoredisCache } from "./ioredis-cache.js";
export {
  createNodeHttpClient,
  type NodeHttpClientOptions,
  serveHttp,
  type HttpServer,
  type HttpServerOptions,
} from "./node-http.js";
