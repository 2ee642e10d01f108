/** A request that is sent again under its idempotency key has one effect and one answer. */
import { canonicalBody } from "./request-body.js";
import { type Invariant, textOf } from "./watch.js";

export const oneEffectPerKey: Invariant = {
  name: "one-effect-per-key",
  summary: "all requests with one idempotency key have one effect and get one answer",
  watch({ fail }) {
    const answers = new Map<string, { readonly body: string; readonly request: string }>();
    const effects = new Map<string, string>();
    return {
      committed(changes) {
        for (const { table, after } of changes)
          if (table === "idempotency_keys" && after !== null)
            effects.set(textOf(after["scope"]), textOf(after["experiment_id"]));
      },
      answered({ method, path, status, headers, claims, body, json, requestBody }) {
        const key = headers["idempotency-key"];
        if (key === undefined || method !== "POST" || status !== 201 || !path.endsWith("/experiments"))
          return;
        const scope = `${claims?.tenant}/${claims?.user}/${key}`;
        const effect = effects.get(scope);
        if (effect !== undefined && effect !== json?.["id"])
          fail(`the key "${key}" belongs to ${effect} and was answered with ${textOf(json?.["id"])}`);
        const known = answers.get(scope);
        const request = canonicalBody(requestBody);
        if (known === undefined) answers.set(scope, { body, request });
        else if (known.request !== request) fail(`the key "${key}" was accepted for two different requests`);
        else if (known.body !== body) fail(`the key "${key}" got two different answers`);
      },
    };
  },
};
