/** Where a command writes: data to stdout, everything else to stderr. */
export interface Terminal {
  /** Writes data, and a line end. */
  out(text: string): void;
  /** Writes progress, warnings and errors, and a line end. */
  err(text: string): void;
  /** Shows a line that the next one replaces; empty takes it away. Undefined where nobody could see it. */
  readonly status?: ((text: string) => void) | undefined;
  /** Whether stdout shows colours. */
  readonly color: boolean;
  /** Resolves at the first Ctrl-C. A second one ends the process as usual. */
  interrupted(): Promise<void>;
}
