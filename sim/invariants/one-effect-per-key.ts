/** A request that is sent again under its idempotency key has one effect and one answer. */
import type { Invariant } from "./watch.js";

export const oneEffectPerKey: Invariant = {
  name: "one-effect-per-key",
  summary: "all requests with one idempotency key have one effect and get one answer",
  watch({ fail }) {
    const answers = new Map<string, { readonly body: string; readonly request: string }>();
    return {
      answered({ method, path, status, headers, claims, body, requestBody }) {
        const key = headers["idempotency-key"];
        if (key === undefined || method !== "POST" || status !== 201 || !path.endsWith("/experiments"))
          return;
        const scope = `${claims?.tenant}/${claims?.user}/${key}`;
        const known = answers.get(scope);
        if (known === undefined) answers.set(scope, { body, request: requestBody });
        else if (known.request !== requestBody)
          fail(`the key "${key}" was accepted for two different requests`);
        else if (known.body !== body) fail(`the key "${key}" got two different answers`);
      },
    };
  },
};
