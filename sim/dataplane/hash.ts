/** Small integer hashes: the randomness of the data plane is a pure function of a seed and an identity. */

/** @returns 32 bits that depend on every character of `text` (FNV-1a). */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/** @returns 32 well spread bits that depend on both numbers (the finalizer of MurmurHash3). */
export function mix(first: number, second: number): number {
  let hash = Math.imul(first ^ Math.imul(second, 0x9e3779b1), 0x85ebca6b) + 0x165667b1;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** @returns A fraction from 0 (included) to 1 (excluded). */
export const fractionOf = (hash: number): number => hash / 0x1_0000_0000;
