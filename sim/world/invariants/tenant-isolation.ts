/**
 * Nothing of one tenant is in an answer or a frame to another.
 *
 * What a platform tells on its own stands in fields that identify an experiment: there no id of another tenant may be.
 * Everywhere else an answer may repeat what people of its tenant, or anonymous clients, wrote themselves: a description may name
 * any id.
 */
import { parseBody } from "./requests.js";
import { textOf, type Claims, type Invariant } from "./watch.js";

// Finds ids in texts: each answer and each frame is searched, so that hyphens are looked for first, of which few are.

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/y;

/** @returns Every UUID in lower case that a text holds, in order; none overlap. */
export function uuidsIn(text: string): readonly string[] {
  const found: string[] = [];
  let from = 0;
  for (let hyphen = text.indexOf("-"); hyphen !== -1; hyphen = text.indexOf("-", hyphen + 1)) {
    const start = hyphen - 8;
    if (start < from || text[hyphen + 5] !== "-" || text[hyphen + 10] !== "-") continue;
    uuid.lastIndex = start;
    if (!uuid.test(text)) continue;
    from = start + 36;
    found.push(text.slice(start, from));
    hyphen = from - 1;
  }
  return found;
}

/** Fields by which the platform says which experiment it tells of. */
const identifying = new Set("id experiment_id experimentId config_id conflicting_exp_ids".split(" "));

/** Objects of the caller's own, which are kept and given back as they came. */
const callerIds = new Set("parameters resources default_parameters variables processors".split(" "));

/** Routes whose body says which experiment they are about. */
const aboutBody = /\/v1\/(?:control\/signals|load-simulations|generator\/generate)$/;

/** Names of templates are free: they may look like ids. */
const freeNames = /\/v1\/templates\//;

// Frames of Socket.IO go as answers, too; they are judged as frames.
const frames = /^\/socket\.io\/?$/;

type Exempt = (id: string) => boolean;

export const tenantIsolation: Invariant = {
  name: "tenant-isolation",
  summary: "nothing of one tenant is in any answer or frame to another",
  watch({ fail, experiment }) {
    /** Ids in texts that people of a tenant wrote; anonymous clients stand under the empty name. */
    const written = new Map<string, Set<string>>();
    /** Ids in the frames of a client, by its socket: an answer to it may repeat them. */
    const named = new Map<number, Set<string>>();

    function isForeign(id: string, claims: Claims | undefined): boolean {
      const tenant = experiment(id)?.["tenant_id"];
      return tenant !== undefined && tenant !== claims?.tenant;
    }

    function noteAll<Key>(texts: Map<Key, Set<string>>, key: Key, text: string): void {
      const ids = uuidsIn(text);
      if (ids.length === 0) return;
      const known = texts.get(key) ?? new Set();
      for (const id of ids) known.add(id);
      texts.set(key, known);
    }

    function wroteIt(claims: Claims | undefined): Exempt {
      return (id) => written.get(claims?.tenant ?? "")?.has(id) === true || written.get("")?.has(id) === true;
    }

    /** @returns The first id of another tenant that has no business in the text. */
    function foreignIn(text: string, claims: Claims | undefined, exempt: Exempt): string | undefined {
      // Rarely any: only then it matters where they stand.
      const foreign = uuidsIn(text).filter((id) => isForeign(id, claims));
      const unexplained = foreign.find((id) => !exempt(id));
      if (foreign.length === 0 || unexplained !== undefined) return unexplained;
      return idsIn(parseFrame(text)).find((id) => isForeign(id, claims));
    }

    /** @returns An experiment of another tenant that a request which was carried out is about. */
    function foreignTarget(
      path: string,
      requestBody: string,
      claims: Claims | undefined,
    ): string | undefined {
      const ids = freeNames.test(path) ? [] : uuidsIn(path.toLowerCase());
      const about = aboutBody.test(path) ? parseBody(requestBody) : undefined;
      const { experiment_id: id } = (about ?? {}) as { readonly experiment_id?: unknown };
      return [...ids, textOf(id ?? "").toLowerCase()].find((each) => isForeign(each, claims));
    }

    return {
      onRequest({ requestBody, claims }) {
        noteAll(written, claims?.tenant ?? "", requestBody);
      },
      onClientMessage({ id }, _json, text) {
        noteAll(named, id, text);
      },
      onResponse({ method, path, query, status, body, claims, requestBody, headers }) {
        if (frames.test(path) || method === "OPTIONS") return;
        const own = new Set(uuidsIn([path, query, requestBody, ...Object.values(headers)].join(" ")));
        const wrote = wroteIt(claims);
        const found =
          status < 300
            ? (foreignIn(body, claims, (id) => own.has(id) || wrote(id)) ??
              foreignTarget(path, requestBody, claims))
            : // A refusal may repeat all that it was asked with, wherever it stands.
              uuidsIn(body).find((id) => isForeign(id, claims) && !own.has(id) && !wrote(id));
        if (found !== undefined)
          fail(
            `${method} ${path} of ${claims?.tenant ?? "an anonymous client"} was answered ${status} with experiment ${found} of another tenant`,
          );
      },
      onFrame({ claims, id: socket }, text, json) {
        const isNews = textOf(json?.["type"]).startsWith("experiment.") || text.startsWith("42");
        const wrote = wroteIt(claims);
        // A confirmation or refusal may repeat what its client sent.
        const asked: Exempt = (id) => !isNews && named.get(socket)?.has(id) === true;
        const id = isNews
          ? foreignIn(text, claims, wrote)
          : uuidsIn(text).find((each) => isForeign(each, claims) && !asked(each) && !wrote(each));
        if (id !== undefined)
          fail(
            `a frame to ${claims?.tenant ?? "an anonymous client"} contains experiment ${id} of another tenant`,
          );
      },
    };
  },
};

function parseFrame(text: string): unknown {
  return parseBody(text.startsWith("42") ? text.slice(2) : text);
}

/** @returns Ids at places that are the platform's own; all of them when the text has no structure. */
function idsIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) {
    // The name of an event stands first in a frame of Socket.IO.
    const name = typeof value[0] === "string" && value[0].startsWith("experiment:") ? uuidsIn(value[0]) : [];
    return [...name, ...value.flatMap(idsIn)];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (callerIds.has(key)) return [];
    return identifying.has(key) ? uuidsIn(JSON.stringify(inner)) : idsIn(inner);
  });
}
