/** A token that a gateway gave out is good at every gateway until it is old. */
import { bearerToken } from "./sockets.js";
import type { Invariant } from "./watch.js";

// Clocks of hosts may be off by an hour.
const clockSlackMs = 7_200_000;

// By its own clock a gateway is right to the request.
const hostSlackMs = 60_000;

// What these refuse is in their bodies: a token in the header is not asked for.
const openPaths = /^\/(?:api\/)?v1\/auth\/(?:login|refresh|register|password-reset\/)/;

export const goodTokens: Invariant = {
  name: "token-validity",
  summary: "a token that was given out is accepted everywhere until shortly before its end",
  watch(view) {
    const given = new Set<string>();
    return {
      onResponse({ method, path, status, headers, json, claims, hostNowMs }) {
        const token = json?.["token"];
        if (status === 200 && path.includes("/auth/") && typeof token === "string") given.add(token);
        if (status !== 401 || claims === undefined || openPaths.test(path)) return;
        const leftMs = claims.expiresAtMs - view.epochMs - view.nowMs;
        const isGood = leftMs > clockSlackMs && claims.expiresAtMs - hostNowMs > hostSlackMs;
        if (isGood && given.has(bearerToken(headers["authorization"]) ?? ""))
          view.fail(
            `${method} ${path} refused a token that is good for ${Math.round(leftMs / 60_000)} min more`,
          );
      },
    };
  },
};
