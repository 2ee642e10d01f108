/** Arithmetic where Go and JavaScript differ, and the operators of the language on two numbers. */

/** Go's `math.Pow`: one to any power is one, even to NaN. */
export function goPow(base: number, exponent: number): number {
  if (base === 1) return 1;
  if (base === -1 && Math.abs(exponent) === Infinity) return 1;
  return base ** exponent;
}

/** Go's `math.Max`: infinity beats NaN. */
export function goMax(left: number, right: number): number {
  return left === Infinity || right === Infinity ? Infinity : Math.max(left, right);
}

/** Go's `math.Min`: negative infinity beats NaN. */
export function goMin(left: number, right: number): number {
  return left === -Infinity || right === -Infinity ? -Infinity : Math.min(left, right);
}

/** The result of an arithmetic operator, or 1 and 0 for a comparison. */
export function applyOperator(operator: string, left: number, right: number): number {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    case "%":
      return left % right;
    case "^":
      return goPow(left, right);
    case "atan2":
      return Math.atan2(left, right);
    case "==":
      return left === right ? 1 : 0;
    case "!=":
      return left === right ? 0 : 1;
    case "<":
      return left < right ? 1 : 0;
    case ">":
      return left > right ? 1 : 0;
    case "<=":
      return left <= right ? 1 : 0;
    case ">=":
      return left >= right ? 1 : 0;
    default:
      throw new TypeError(`operator ${operator} does not work on numbers`);
  }
}
