/** Who may only look changes nothing, and strangers get nothing. */
import type { Invariant } from "./watch.js";

const openPaths = /^(?:\/(?:health|ready|metrics|openapi\.json)|\/(?:api\/)?v1\/auth\/)/;

export const roles: Invariant = {
  name: "roles",
  summary: "viewers change nothing, and without a token nothing is answered",
  watch: ({ fail }) => ({
    answered({ method, path, status, claims }) {
      if (status >= 300 || openPaths.test(path)) return;
      if (claims === undefined) fail(`${method} ${path} was answered ${status} without a token`);
      else if (
        method !== "GET" &&
        !claims.roles.some((role) => role === "user" || role === "admin") &&
        !/\/(?:check-overlap|validate|preview)$/.test(path)
      )
        fail(`${method} ${path} of a ${claims.roles.join()} was answered ${status}`);
    },
  }),
};
