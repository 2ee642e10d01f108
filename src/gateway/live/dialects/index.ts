/** The dialects of live clients. */
export type { ClientMessage, Dialect, ServerNotice } from "./dialect.js";
export { createRawDialect } from "./raw.js";
export { createSocketIoDialect } from "./socket-io.js";
