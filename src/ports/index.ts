/** What a service needs from any world, one interface a file. Types only. */
export type { Clock } from "./clock.js";
export type { Random } from "./random.js";
export type {
  HttpClient,
  HttpHandler,
  HttpHeaders,
  HttpReply,
  HttpRequest,
  HttpRequestOptions,
} from "./http.js";
export type { SqlClient, SqlConnection, SqlPool, SqlResult, SqlStatement } from "./sql.js";
export type { Cache } from "./cache.js";
export type { ServerSocket, SocketRequest } from "./socket.js";
export type { LogFields, Logger } from "./logger.js";
