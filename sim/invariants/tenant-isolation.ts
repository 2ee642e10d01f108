/** Nothing of one tenant is in an answer or a frame to another. */
import { uuidsIn } from "./uuids.js";
import { type Claims, type Invariant, textOf } from "./watch.js";

export const tenantIsolation: Invariant = {
  name: "tenant-isolation",
  summary: "nothing of one tenant is in any answer or frame to another",
  watch({ fail, experiment }) {
    function foreign(text: string, claims: Claims | undefined, except: string): string | undefined {
      for (const id of uuidsIn(text)) {
        const tenant = experiment(id)?.["tenant_id"];
        if (tenant !== undefined && tenant !== claims?.tenant && !except.includes(id)) return id;
      }
      return undefined;
    }

    // Ids that a client named itself, by its socket: an answer to it may repeat them.
    const named = new Map<number, string>();

    return {
      heard({ id }, _json, text) {
        const ids = uuidsIn(text);
        if (ids.length > 0) named.set(id, `${named.get(id) ?? ""} ${ids.join(" ")}`);
      },
      answered({ method, path, status, body, claims, requestBody }) {
        // A refusal may repeat the id that was asked for; an answer may not.
        const except = status >= 300 ? path + requestBody : "";
        const found = foreign(body, claims, except) ?? (status < 300 ? foreign(path, claims, "") : undefined);
        if (found !== undefined)
          fail(
            `${method} ${path} of ${claims?.tenant ?? "a stranger"} was answered ${status} with experiment ${found} of another tenant`,
          );
      },
      told({ claims, id: socket }, text, json) {
        // A confirmation or refusal may repeat an id, news may not.
        const except = textOf(json?.["type"]).startsWith("experiment.") ? "" : (named.get(socket) ?? "");
        const id = foreign(text, claims, except);
        if (id !== undefined)
          fail(`a frame to ${claims?.tenant ?? "a stranger"} tells of experiment ${id} of another tenant`);
      },
    };
  },
};
