/** Every experiment has an id of its own. */
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
        const request = key === undefined ? `${seen.size}` : `${claims?.user}/${key}/${requestBody}`;
        const known = seen.get(id);
        if (known !== undefined && known !== request) fail(`two requests got the id ${id}`);
        seen.set(id, request);
      },
    };
  },
};
