/** The texts behind the digests of a run, so that two digests that differ can be shown as what was sent. */
import { tapHashes } from "../kernel/index.js";
import { callSiteOfUser, stackAbove } from "../call-site.js";

/** What one event carried. */
export interface Payload {
  readonly text: string;
  /** `file:line` that sent it; undefined when only the simulator itself was at work. */
  readonly site: string | undefined;
}

export interface Payloads {
  /** @returns Undefined for a digest that was not seen, or long ago. */
  find(digest: number): Payload | undefined;
  /** Ends the keeping; what was kept can still be found. */
  end(): void;
}

const keptMax = 20_000;

/** Keeps the last texts that are hashed from now on, and who sent them. */
export function keepPayloads(): Payloads {
  const kept = new Map<number, { readonly text: string; readonly stack: string }>();

  function keep(text: string, digest: number): void {
    kept.delete(digest);
    kept.set(digest, { text, stack: stackAbove(keep) });
    if (kept.size <= keptMax) return;
    for (const oldest of kept.keys()) {
      kept.delete(oldest);
      break;
    }
  }

  tapHashes(keep);
  return {
    find(digest) {
      const found = kept.get(digest);
      return found && { text: found.text, site: callSiteOfUser(found.stack) };
    },
    end: () => tapHashes(),
  };
}
