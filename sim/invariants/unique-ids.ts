/** Every experiment has an id of its own. */
import { canonicalBody } from "./request-body.js";
import type { Invariant } from "./watch.js";

export const uniqueIds: Invariant = {
  name: "unique-ids",
  summary: "no two experiments are acknowledged under one id",
  watch({ fail }) {
    const seen = new Map<string, string>();
    return {
      answered({ method, path, status, headers, json, requestBody, claims }) {
        if (method !== "POST" || status !== 201 || !path.endsWith("/experiments")) return;
        const id = String(json?.["id"]);
        const key = headers["idempotency-key"];
        const request =
          key === undefined
            ? `${seen.size}`
            : JSON.stringify([claims?.tenant, claims?.user, key, canonicalBody(requestBody)]);
        const known = seen.get(id);
        if (known !== undefined && known !== request) fail(`two requests got the id ${id}`);
        seen.set(id, request);
      },
    };
  },
};
