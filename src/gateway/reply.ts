/** An answer of the gateway before it is written out. */

export interface Reply {
  readonly status: number;
  /** Sent as JSON; a string is sent as it is; undefined sends nothing. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** @returns A reply with a JSON body. */
export function reply(status: number, body?: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, body, headers };
}
