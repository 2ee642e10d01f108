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
  /** Columns that stdout shows, 80 at the least; `Infinity` where it is no terminal, and lines may be of any length. */
  readonly width: number;
  /** Resolves at the first Ctrl-C, or when the process is asked to end. A second one ends the process at once. */
  interrupted(): Promise<InterruptSignal>;
}

/** What asks a command to end. */
export type InterruptSignal = "SIGINT" | "SIGTERM";
