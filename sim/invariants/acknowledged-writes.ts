/** What a gateway has acknowledged is committed when the answer leaves, and stays. */
import { requestedName } from "./request-body.js";
import { readExperimentPath } from "./request-target.js";
import { type Answer, type Invariant, type InvariantView, textOf } from "./watch.js";

export const acknowledgedWrites: Invariant = {
  name: "acknowledged-writes",
  summary: "no acknowledged write is lost",
  watch(view) {
    const created = new Set<string>();
    const names = new Map<string, Set<string>>();
    const { fail } = view;

    function checkCreated({ json }: Answer): void {
      const id = String(json?.["id"]);
      const row = view.experiment(id);
      if (row === undefined) fail(`experiment ${id} was acknowledged and is not stored`);
      else if (!names.get(id)?.has(String(json?.["name"])))
        fail(
          `experiment ${id} was acknowledged as "${String(json?.["name"])}" and stored as "${String(row["name"])}"`,
        );
      created.add(id);
    }

    return {
      committed(changes) {
        for (const { table, key, after } of changes) {
          if (table !== "experiments") continue;
          if (after === null && created.has(key)) fail(`experiment ${key} was acknowledged and is gone`);
          const known = names.get(key) ?? new Set();
          names.set(key, known.add(String(after?.["name"])));
        }
      },
      answered(answer) {
        if (answer.status >= 300) return;
        if (answer.method === "POST" && answer.path.endsWith("/experiments")) checkCreated(answer);
        const target = readExperimentPath(answer.path);
        if (target !== undefined) checkChanged(view, names, answer, target.id, target.rest);
      },
    };
  },
};

function checkChanged(
  { fail, experiment, rows }: InvariantView,
  names: ReadonlyMap<string, ReadonlySet<string>>,
  { method, json, requestBody }: Answer,
  id: string,
  rest: string,
): void {
  const row = experiment(id);
  const change = `${method} ${rest}`;
  if (change === "POST /stop" && row?.["state"] !== "cancelled")
    fail(`stopping ${id} was acknowledged and it is ${String(row?.["state"])}`);
  if (change === "DELETE " && row?.["deleted"] !== true)
    fail(`deleting ${id} was acknowledged and it is there`);
  if (change === "PATCH " || change === "PUT ") {
    const name = json?.["name"];
    if (typeof name === "string" && names.get(id)?.has(name) !== true)
      fail(`the name "${name}" of ${id} was acknowledged and never stored`);
    const wanted = requestedName(requestBody);
    if (typeof name === "string" && wanted !== undefined && name !== wanted)
      fail(`a change of ${id} was answered with another name, "${name}"`);
  }
  if (change === "PUT /pipeline-config") {
    const version = Number(json?.["config_version"]);
    const stored = rows("generated_configs").some(
      (config) => config["experiment_id"] === id && config["version"] === version,
    );
    const signalled = rows("control_signals").some(
      ({ experiment_id, message }) => experiment_id === id && textOf(message).endsWith(` ${version}`),
    );
    if (!signalled) fail(`version ${version} of ${id} was acknowledged and its signal is not stored`);
    if (!stored) fail(`version ${version} of the configuration of ${id} was acknowledged and is not stored`);
  }
}
