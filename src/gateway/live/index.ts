/** Live updates over WebSockets. */
export { createEventFeed, type EventFeed, type EventFeedPorts } from "./event-feed.js";
export { createHub, goingAway, isSocketPath, noSuchPath, type Hub } from "./hub.js";
export { tooSlow, unauthorized } from "./session.js";
export type { WrapSocket } from "./hub.js";
export { isPollingPath } from "./polling.js";
