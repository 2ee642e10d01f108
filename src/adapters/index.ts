/** The ports of the platform over the real things: pg, ioredis, ws, node:http, the system's clock and randomness. */

export { createSystemClock, createSystemRandom, createJsonLogger } from "./system.js";
export { createPgPool } from "./pg-pool.js";
export { createIoredisCache } from "./ioredis-cache.js";
export { createNodeHttpClient, serveHttp, type HttpServer } from "./node-http.js";
