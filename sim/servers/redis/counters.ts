/** What INFO counts: connections, commands, hits and misses of reading commands. */

export interface Counters {
  connections: number;
  commands: number;
  errors: number;
  expired: number;
  hits: number;
  misses: number;
  /** A command begins; only commands that do not write count hits and misses. */
  begin(writes: boolean): void;
  /** The running command looked a key up. Several looks at one key in a row count once. */
  looked(key: string, found: boolean): void;
  reset(): void;
}

export function createCounters(): Counters {
  let reading = false;
  let last: string | undefined;
  return {
    connections: 0,
    commands: 0,
    errors: 0,
    expired: 0,
    hits: 0,
    misses: 0,
    begin(writes) {
      this.commands += 1;
      reading = !writes;
      last = undefined;
    },
    looked(key, found) {
      if (!reading || key === last) return;
      last = key;
      if (found) this.hits += 1;
      else this.misses += 1;
    },
    reset() {
      Object.assign(this, { connections: 0, commands: 0, errors: 0, expired: 0, hits: 0, misses: 0 });
    },
  };
}
