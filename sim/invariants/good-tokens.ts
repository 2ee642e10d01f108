/** A token that a gateway gave out is good at every gateway until it is old. */
import type { Invariant } from "./watch.js";

export const goodTokens: Invariant = {
  name: "good-tokens",
  summary: "a token that was given out is accepted everywhere, at least for half of its life",
  watch(view) {
    const givenAtMs = new Map<string, number>();
    return {
      answered({ method, path, status, headers, json, claims }) {
        const token = json?.["token"];
        if (status === 200 && path.includes("/auth/") && typeof token === "string")
          givenAtMs.set(token, view.nowMs);
        if (status !== 401) return;
        const carried = (headers["authorization"] ?? "").replace(/^bearer\s+/i, "");
        const ageMs = view.nowMs - (givenAtMs.get(carried) ?? -Infinity);
        if (ageMs < (claims?.lifeMs ?? 0) / 2)
          view.fail(`${method} ${path} refused a token that was given out ${Math.round(ageMs)} ms before`);
      },
    };
  },
};
