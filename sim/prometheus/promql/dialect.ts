/** The rules that changed between Prometheus 2 and 3. 3 is the default; 2 is what Debian 12 ships (2.42). */
export type Dialect = 2 | 3;
