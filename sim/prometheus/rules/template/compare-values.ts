/** Comparisons and conversions as templates have them. */
import { compareText } from "../../labels/index.js";
import { parseGoFloat } from "../../promql/index.js";
import { formatValue } from "./go-format.js";
import { GoDuration, typeOf } from "./go-value.js";
import { GoInt, TemplateError } from "./tree.js";

/** @throws TemplateError for what stands for no number. */
export function toNumber(value: unknown): number {
  if (value instanceof GoInt) return value.value;
  if (value instanceof GoDuration) return value.seconds;
  const number = typeof value === "string" ? parseGoFloat(value) : value;
  if (typeof number === "number") return number;
  if (typeof value === "string")
    throw new TemplateError(`strconv.ParseFloat: parsing ${JSON.stringify(value)}: invalid syntax`);
  throw new TemplateError(`can't convert ${typeOf(value)} to float`);
}

/** What Go compares: values of one kind with each other. */
function kindOf(value: unknown): string | undefined {
  if (typeof value === "number") return "float";
  if (value instanceof GoInt) return "int";
  return typeof value === "string" || typeof value === "boolean" ? typeof value : undefined;
}

/** Whether a value equals one of others. */
export function equalsAny(left: unknown, ...others: readonly unknown[]): boolean {
  if (others.length === 0) throw new TemplateError("missing argument for comparison");
  return others.some((other) => equals(left, other));
}

/** @throws TemplateError for values that Go does not compare. */
export function equals(left: unknown, right: unknown): boolean {
  const kinds = [kindOf(left), kindOf(right)];
  const isNothing = (value: unknown): boolean => value === undefined || value === null;
  if (kinds[0] !== kinds[1]) {
    if (!isNothing(left) && !isNothing(right)) throw new TemplateError("incompatible types for comparison");
    return false;
  }
  if (kinds[0] === undefined && !isNothing(left) && !isNothing(right))
    throw new TemplateError(`non-comparable type ${formatValue(left)}: ${typeOf(left)}`);
  if (left instanceof GoInt && right instanceof GoInt) return left.value === right.value;
  return left === right || (isNothing(left) && isNothing(right));
}

/** @returns -1, 0, 1; NaN when a number is none. */
export function compare(left: unknown, right: unknown): number {
  const kinds = [kindOf(left), kindOf(right)];
  if (kinds.includes(undefined)) throw new TemplateError("invalid type for comparison");
  if (kinds[0] !== kinds[1]) throw new TemplateError("incompatible types for comparison");
  if (kinds[0] === "boolean") throw new TemplateError("invalid type for comparison");
  if (typeof left === "string") return Math.sign(compareText(left, right as string));
  const [ours, theirs] = [toNumber(left), toNumber(right)];
  if (ours === theirs) return 0;
  if (ours < theirs) return -1;
  return ours > theirs ? 1 : NaN;
}
