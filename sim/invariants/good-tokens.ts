/** A token that a gateway gave out is good at every gateway until it is old. */
import type { Invariant } from "./watch.js";

// Clocks of hosts may be off by an hour.
const clockSlackMs = 7_200_000;

export const goodTokens: Invariant = {
  name: "good-tokens",
  summary: "a token that was given out is accepted everywhere until shortly before its end",
  watch(view) {
    const given = new Set<string>();
    return {
      answered({ method, path, status, headers, json, claims }) {
        const token = json?.["token"];
        if (status === 200 && path.includes("/auth/") && typeof token === "string") given.add(token);
        if (status !== 401 || claims === undefined) return;
        const leftMs = claims.expiresAtMs - view.epochMs - view.nowMs;
        if (given.has((headers["authorization"] ?? "").replace(/^bearer\s+/i, "")) && leftMs > clockSlackMs)
          view.fail(
            `${method} ${path} refused a token that is good for ${Math.round(leftMs / 60_000)} min more`,
          );
      },
    };
  },
};
