/** Live updates over WebSockets. */
export { createEventFeed, type EventFeed } from "./event-feed.js";
export { createHub, isSocketPath } from "./hub.js";
export type { WrapSocket } from "./hub.js";
export { isPollingPath } from "./polling.js";
