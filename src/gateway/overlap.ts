/** Whether a planned experiment shares nodes with living ones. Advice only: nothing is refused for it. */
import { parseCreateRequest } from "../model/index.js";
import { isPlainObject, isUnset } from "../shared/index.js";
import { listOpenExperimentsOfTenant } from "../store/index.js";
import { isTerminal } from "../model/index.js";
import type { Call } from "./route.js";

/** @returns Who shares nodes: blocking when it is all of either side, an error from half, else a warning. */
export async function checkOverlap(call: Call): Promise<Record<string, unknown>> {
  const body =
    isPlainObject(call.body) && isUnset(call.body["name"]) ? { ...call.body, name: "check" } : call.body;
  const { target_nodes: planned } = parseCreateRequest(body);
  const open = await listOpenExperimentsOfTenant(call.context.sql, call.identity.tenantId);
  const wanted = new Set(planned);
  let share = 0;
  const ids: string[] = [];
  const nodes = new Set<string>();
  for (const { id, state, target_nodes } of open) {
    const common = isTerminal(state) ? [] : target_nodes.filter((node) => wanted.has(node));
    if (common.length === 0) continue;
    ids.push(id);
    for (const node of common) nodes.add(node);
    share = Math.max(share, common.length / planned.length, common.length / target_nodes.length);
  }
  const partial = share >= 0.5 ? "error" : "warning";
  const severity = ids.length === 0 ? "none" : share === 1 ? "blocking" : partial;
  return {
    has_overlap: ids.length > 0,
    conflicting_exp_ids: ids.sort(),
    affected_nodes: [...nodes].sort(),
    overlap_type: ids.length === 0 ? "none" : share === 1 ? "full" : "partial",
    severity,
    message: ids.length === 0 ? "no overlap" : `${ids.length} experiments share ${nodes.size} nodes`,
    suggestions:
      ids.length === 0 ? [] : ["choose other nodes", "wait until the other experiments have ended"],
  };
}
