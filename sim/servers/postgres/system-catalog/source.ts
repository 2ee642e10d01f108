/** What the system catalogs are worked out from. */
import type { Catalog } from "../catalog/catalog.js";

/** What the rows are worked out from. */
export interface SystemSource {
  readonly catalog: Catalog;
  readonly user: string;
  readonly database: string;
  readonly settings: ReadonlyMap<string, string>;
  readonly sessions: readonly SessionRow[];
  readonly locks: readonly LockRow[];
  /** Backends that keep another one waiting. */
  blockers(pid: number): readonly number[];
}

/** One backend, as `pg_stat_activity` shows it. Times in microseconds since 1970. */
interface SessionRow {
  readonly pid: number;
  readonly user: string;
  readonly database: string;
  readonly application: string;
  readonly state: string;
  readonly query: string;
  readonly xactStart: number | null;
  readonly isWaiting: boolean;
}

export interface LockRow {
  readonly pid: number;
  readonly type: string;
  readonly relation: number | null;
  readonly mode: string;
  readonly granted: boolean;
}
