/** A series of numbers in one line of text. */

const bars = "▁▂▃▄▅▆▇█";

/** @returns One bar a value, from the lowest to the highest of them; all low when they are equal. */
export function sparkline(values: readonly number[]): string {
  const low = Math.min(...values);
  const span = Math.max(...values) - low;
  return values
    .map((value) => bars.charAt(span === 0 ? 0 : Math.round(((value - low) / span) * (bars.length - 1))))
    .join("");
}
