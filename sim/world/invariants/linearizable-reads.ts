/** What a gateway tells of experiments was so at some moment between the request and the answer. */
import { readExperimentPath } from "./requests.js";
import { type Answer, type Invariant, textOf } from "./watch.js";

/** What an experiment was from one commit to the next. */
interface Period {
  readonly sinceMs: number;
  readonly state: string;
  readonly name: string;
  readonly tenant: string;
  readonly deleted: boolean;
}

type Item = Readonly<Record<string, unknown>>;

const listPath = /^\/(?:api\/)?v1\/experiments$/;

export const freshReads: Invariant = {
  name: "linearizable-reads",
  summary:
    "what a read says of an experiment was true during the read, and lists are complete and without repetition",
  watch(view) {
    const { fail } = view;
    const histories = new Map<string, Period[]>();

    /** @returns What the experiment was at any moment of the request; empty when it is not known. */
    function during(id: string, askedAtMs: number): readonly Period[] {
      const periods = histories.get(id) ?? [];
      return periods.filter((_, index) => (periods[index + 1]?.sinceMs ?? Infinity) >= askedAtMs);
    }

    function checkItem(item: Item, askedAtMs: number): void {
      const id = textOf(item["id"]);
      const seen = during(id, askedAtMs);
      if (seen.length === 0) return;
      const fits = ({ state, name }: Period): boolean => state === item["state"] && name === item["name"];
      if (!seen.some(fits))
        fail(
          `experiment ${id} was reported to be ${textOf(item["state"])} and called ${textOf(item["name"])}`,
        );
    }

    function checkMissing(id: string, { askedAtMs, claims }: Answer): void {
      const seen = during(id, askedAtMs);
      const there = ({ deleted, tenant, sinceMs }: Period): boolean =>
        !deleted && tenant === claims?.tenant && sinceMs < askedAtMs;
      if (seen.length > 0 && seen.every(there)) fail(`experiment ${id} was reported not to exist`);
    }

    function checkList({ json, query, askedAtMs, claims }: Answer): void {
      const items = Array.isArray(json?.["experiments"]) ? (json["experiments"] as Item[]) : [];
      const ids = new Set(items.map(({ id }) => textOf(id)));
      if (ids.size < items.length) fail("a list tells of an experiment twice");
      for (const item of items) checkItem(item, askedAtMs);
      if (query !== "" || json?.["has_more"] !== false) return;
      for (const [id, [first, ...later]] of histories) {
        const there = first?.tenant === claims?.tenant && (first?.sinceMs ?? Infinity) < askedAtMs;
        if (there && !ids.has(id) && later.every(({ deleted }) => !deleted)) fail(`a list leaves out ${id}`);
      }
    }

    return {
      onCommit(changes) {
        for (const { table, key, after } of changes) {
          if (table !== "experiments") continue;
          // Only a test can take a row away; then nobody knows what is to be told of it.
          if (after === null) {
            histories.delete(key);
            continue;
          }
          const { state, name, tenant_id: tenant } = after;
          const periods = histories.get(key) ?? [];
          const last = periods.at(-1);
          const deleted = after["deleted"] === true;
          if (last?.state === state && last?.name === name && last?.deleted === deleted) continue;
          periods.push({
            sinceMs: view.nowMs,
            state: textOf(state),
            name: textOf(name),
            tenant: textOf(tenant),
            deleted,
          });
          histories.set(key, periods);
        }
      },
      onResponse(answer) {
        const { method, path, status, json } = answer;
        if (method !== "GET") return;
        const { id, rest } = readExperimentPath(path) ?? {};
        if (id !== undefined && rest !== "") return;
        if (id !== undefined && status === 404) checkMissing(id, answer);
        else if (id !== undefined && status === 200) checkItem(json ?? {}, answer.askedAtMs);
        else if (status === 200 && listPath.test(path)) checkList(answer);
      },
    };
  },
};
