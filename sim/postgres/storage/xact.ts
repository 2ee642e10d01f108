/** Transactions and subtransactions as row versions see them. */

export interface Xact {
  readonly id: number;
  /** The whole transaction; itself unless this is a savepoint's part. */
  readonly top: Xact;
  readonly parent: Xact | null;
  status: "active" | "committed" | "aborted";
  /** Place in the order of commits; meaningful once committed, and only on the top. */
  commitSeq: number;
}

export function createXact(id: number, parent: Xact | null): Xact {
  const xact = { id, parent, status: "active" as const, commitSeq: 0 };
  const whole = xact as Omit<Xact, "top"> & { top: Xact };
  whole.top = parent === null ? whole : parent.top;
  return whole;
}

/** Rows that were there when the server was made. */
export const frozenXact: Xact = Object.freeze(
  (() => {
    const xact = createXact(0, null);
    xact.status = "committed";
    return xact;
  })(),
);

/** True once the part, or anything around it, was rolled back. */
export function isAborted(xact: Xact): boolean {
  for (let part: Xact | null = xact; part !== null; part = part.parent) {
    if (part.status === "aborted") return true;
  }
  return false;
}

export function isCommitted(xact: Xact): boolean {
  return xact.top.status === "committed" && !isAborted(xact);
}

export function isActive(xact: Xact): boolean {
  return xact.top.status === "active" && !isAborted(xact);
}
