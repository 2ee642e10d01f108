/** The ports of the platform over the real things: pg, ioredis, ws, node:http, the system's clock and randomness. */
export { createSystemClock } from "./system-clock.js";
export { createSystemRandom } from "./system-random.js";
export { createJsonLogger } from "./json-logger.js";
export { createPgPool, type PgPoolOptions } from "./pg-pool.js";
export { createIoredisCache, type IoredisCache } from "./ioredis-cache.js";
export { createNodeHttpClient, type NodeHttpClientOptions } from "./node-http-client.js";
export { serveHttp, type HttpServer, type HttpServerOptions } from "./node-http-server.js";
