/** Who may only look changes nothing, and strangers get nothing. */
import type { Invariant } from "./watch.js";

// Socket.IO introduces its clients in frames, also when these come as requests: see socket-claims.ts.
const openPaths = /^(?:\/(?:health|ready|metrics|openapi\.json)$|\/socket\.io\/?$|\/(?:api\/)?v1\/auth\/)/;

// RFC 9110 9.2.1: these ask for no change.
const safe = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

export const roles: Invariant = {
  name: "roles",
  summary: "viewers change nothing, and without a token nothing is answered",
  watch: ({ fail }) => ({
    answered({ method, path, status, claims, body }) {
      if (status >= 300 || openPaths.test(path)) return;
      // What a server can do is no secret, and browsers ask for it without a token.
      if (method === "OPTIONS" && body === "") return;
      if (claims === undefined) fail(`${method} ${path} was answered ${status} without a token`);
      else if (
        !safe.has(method) &&
        !claims.roles.some((role) => role === "user" || role === "admin") &&
        !/\/(?:check-overlap|validate|preview)$/.test(path)
      )
        fail(`${method} ${path} of a ${claims.roles.join()} was answered ${status}`);
    },
  }),
};
