/** The texts behind the digests of a run, so that two digests that differ can be shown as what was sent. */
import { observeHashes } from "../../kernel/index.js";
import { callSiteOfUser, stackAbove } from "../../shared/call-site.js";

/** What one event carried. */
interface Payload {
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

  observeHashes(keep);
  return {
    find(digest) {
      const found = kept.get(digest);
      return found && { text: found.text, site: callSiteOfUser(found.stack) };
    },
    end: () => observeHashes(),
  };
}

// Names a culprit that the watch could not see, from the first texts in which two runs differed.

// Kept before any watch is installed.
const nativeNow = Date.now;
const nativePerformance = performance;
const nearMs = 24 * 3_600_000;

/** The parts in which two texts differ first. */
export interface Parts {
  readonly first: string;
  readonly second: string;
}

/** @returns The first different words of both: numbers, dates and ids are taken whole. */
export function differentParts(first: string, second: string): Parts {
  let at = 0;
  while (at < first.length && first[at] === second[at]) at += 1;
  const inWord = /[\w.:+-]/;
  while (at > 0 && inWord.test(first[at - 1] ?? "")) at -= 1;
  const word = (text: string): string => /^[\w.:+-]*/.exec(text.slice(at))?.[0].replace(/^[:.+-]+/, "") ?? "";
  return { first: word(first), second: word(second) };
}

/** @returns What has probably made the difference, in words. */
export function guessUntracked(parts: Parts | undefined): string {
  const what = parts === undefined ? undefined : recognise(parts);
  if (what !== undefined && parts !== undefined) return `${what}: "${parts.first}", then "${parts.second}"`;
  return (
    "Nothing that is watched was used. What is left: state kept from one run to the next, such as a variable of a " +
    "module; a function of Node that was kept before the watch began, such as const now = Date.now; or an import() " +
    "that loads a module in one run and finds it loaded in the next"
  );
}

function recognise({ first, second }: Parts): string | undefined {
  if (isNow(first) && isNow(second))
    return "Date.now or new Date(), kept before the watch began: the real time";
  if ([first, second].every((text) => /^0?\.\d{8,}(?:e-\d+)?$/.test(text)))
    return "Math.random, kept before the watch began: a random number";
  if (
    [first, second].every((text) => /^[0-9a-f-]{8,}$/i.test(text) && /[a-f]/i.test(text) && /\d/.test(text))
  )
    return "crypto.randomUUID or randomBytes, kept before the watch began: a random id";
  const [a, b] = [Number(first), Number(second)];
  if (first === "" || second === "" || !Number.isFinite(a) || !Number.isFinite(b) || b <= a) return undefined;
  const upMs = nativePerformance.now();
  if (!Number.isInteger(a) && a > 0 && b <= upMs && b - a < nearMs)
    return "performance.now or process.hrtime, kept before the watch began: the time since the process began";
  if (Number.isInteger(a) && Number.isInteger(b))
    return "state kept from one run to the next, such as a variable of a module: a number that grows";
  return undefined;
}

function isNow(text: string): boolean {
  const nowMs = nativeNow();
  const candidates = /^\d{10,13}(?:\.\d+)?$/.test(text)
    ? [Number(text), Number(text) * 1000]
    : [/^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN];
  return candidates.some((ms) => Math.abs(ms - nowMs) < nearMs);
}
