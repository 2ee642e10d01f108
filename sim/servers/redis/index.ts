/** A simulated Redis 7.0: server, sessions and replies. */

export { createRedisServer, type RedisServer, type RedisSession } from "./server.js";
export { replyText, type RedisReply } from "./reply.js";
export { createCacheClient } from "./cache-client.js";
export { createRedisWatch } from "./resp.js";
export { createCommandNamer } from "./command-names.js";
export { createIoredisConnector, type IoredisConnector } from "./ioredis-connector.js";
export { fillMock, isRedisMock, keysOfMock, type RedisMockData } from "./mock.js";
