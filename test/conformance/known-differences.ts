/** Where ours and Prometheus 2.42 may differ, one by one. */
/** An answer of either server: values by series and time, or an error. */
export interface Answer {
  readonly error: string | undefined;
  readonly message: string;
  readonly points: ReadonlyMap<string, number>;
}

/** One accepted difference. */
interface KnownDifference {
  readonly reason: string;
  applies(query: string, real: Answer, ours: Answer): boolean;
}

const INEXACT =
  /\b(?:ln|log2|log10|exp|sqrt|a?(?:sin|cos|tan)h?|atan2|deg|rad|std\w+|deriv|\w*rate|predict_linear|avg\w*|holt_winters|histogram_quantile)\b|\^/;

/** Each with its reason. */
const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    reason:
      "2.42 moves the window of predict_linear in a range query although @ pins it; ours stays where it is pinned",
    applies: (query) => /predict_linear\(/.test(query) && query.includes("@"),
  },
  {
    reason:
      "the last digit of a result becomes a label by count_values; Go and JavaScript round powers and angles differently",
    applies: (query, real, ours) => query.includes("count_values") && sameButForLastDigits(real, ours),
  },
  {
    reason:
      "the last digit of a power decides the remainder of a division, or the angle that a huge number stands for",
    applies: (query, real, ours) =>
      /%|\b(?:sin|cos|tan)\(/.test(query) && INEXACT.test(query) && sameSeries(real, ours),
  },
];

/** @returns Why the answers may differ; undefined when they must not. */
export function explainDifference(query: string, real: Answer, ours: Answer): string | undefined {
  return KNOWN_DIFFERENCES.find((known) => known.applies(query, real, ours))?.reason;
}

function sameSeries(real: Answer, ours: Answer): boolean {
  return [...real.points.keys()].sort().join() === [...ours.points.keys()].sort().join();
}

function sameButForLastDigits(real: Answer, ours: Answer): boolean {
  const rounded = ({ points }: Answer): string =>
    [...points]
      .map(
        ([key, value]) =>
          `${key.replace(/"(-?\d[\d.]{6,})"/g, (_, digits: string) => Number(digits).toPrecision(12))} ${value}`,
      )
      .sort()
      .join("\n");
  return rounded(real) === rounded(ours);
}
