/**
 * Requests that wait until there is something to tell, as those of a Socket.IO client do. Such a wait is no reason for
 * time to move, as that of an open WebSocket is none: only its way to the server is.
 */

/** Virtual milliseconds in which a request arrives and is answered, if there is anything to answer. */
export const longPollHoldMs = 100;

/** @param target - URL or path of the request. */
export function isLongPoll(method: string, target: string): boolean {
  return method === "GET" && /\/socket\.io\/?\?(?:.*&)?sid=/.test(target);
}
