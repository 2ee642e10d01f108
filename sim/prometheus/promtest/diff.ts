/** Differences of two values, as lines of their JSON. */

/** @param indent - Before each line. */
export function diffOf(wanted: unknown, got: unknown, indent: string): string {
  const [left, right] = [wanted, got].map((value) => JSON.stringify(value, undefined, 2).split("\n")) as [
    string[],
    string[],
  ];
  const lines = commonLines(left, right).map(([mark, line]) => `${indent}${mark} ${line}`);
  return `\n${lines.join("\n")}`;
}

/** Both lists merged by their longest common part: `-` is only in the left one, `+` only in the right one. */
function commonLines(left: readonly string[], right: readonly string[]): (readonly [string, string])[] {
  const lengths = left.map(() => new Uint32Array(right.length + 1));
  lengths.push(new Uint32Array(right.length + 1));
  const at = (row: number, column: number): number => lengths[row]?.[column] ?? 0;
  for (let row = left.length - 1; row >= 0; row -= 1) {
    for (let column = right.length - 1; column >= 0; column -= 1) {
      const length =
        left[row] === right[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
      (lengths[row] as Uint32Array)[column] = length;
    }
  }
  const merged: (readonly [string, string])[] = [];
  let [row, column] = [0, 0];
  while (row < left.length || column < right.length) {
    if (row < left.length && left[row] === right[column]) {
      merged.push([" ", left[row] as string]);
      row += 1;
      column += 1;
    } else if (row < left.length && (column === right.length || at(row + 1, column) >= at(row, column + 1))) {
      merged.push(["-", left[row] as string]);
      row += 1;
    } else {
      merged.push(["+", right[column] as string]);
      column += 1;
    }
  }
  return merged;
}
