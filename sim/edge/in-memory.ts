/** The mark on agents, connection factories and requests of ours, by which the globals leave them alone. */

const mark = Symbol.for("phoenix-sim.in-memory");

/** @returns Its argument. */
export function markInMemory<T extends object>(target: T): T {
  return Object.assign(target, { [mark]: true });
}

/** Whether `value` is marked, or is a set of request options that says to use something marked. */
export function isInMemory(value: unknown): boolean {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return false;
  const { agent, createConnection } = value as { agent?: unknown; createConnection?: unknown };
  return mark in value || isMarked(agent) || isMarked(createConnection);
}

function isMarked(value: unknown): boolean {
  return value !== null && (typeof value === "object" || typeof value === "function") && mark in value;
}
