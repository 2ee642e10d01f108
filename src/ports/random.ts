/** Randomness as a service sees it: the operating system's in production, seeded in a simulated world. */
export interface Random {
  /** @returns `length` random bytes. */
  bytes(length: number): Uint8Array;
}
