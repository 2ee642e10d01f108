/** `CloseEvent`, which Node 20 does not have. */

/** As the browser's; the platform's own class where there is one would refuse to be told apart anyway. */
export class WorldCloseEvent extends Event {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;

  constructor(type: string, { code = 0, reason = "", wasClean = false, ...init }: CloseEventInit = {}) {
    super(type, init);
    this.code = code;
    this.reason = reason;
    this.wasClean = wasClean;
  }
}
