/** Shares as people read them. */

/** @param share - From 0 to 1. @returns Text such as `8.3 %`. */
export function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`;
}
