/** Random PromQL: a grammar of fast-check that makes queries which mostly mean something. */
import {
  array,
  constant,
  constantFrom,
  integer,
  letrec,
  oneof,
  record,
  tuple,
  type Arbitrary,
} from "fast-check";

/** Text with holes that are filled at random. */
function phrase(parts: TemplateStringsArray, ...holes: readonly Arbitrary<string>[]): Arbitrary<string> {
  return tuple(...holes).map((values) => parts.map((part, index) => part + (values[index] ?? "")).join(""));
}

/** One of the words of a text. */
function word(words: string): Arbitrary<string> {
  return constantFrom(...words.split(" "));
}

export const vectorFunctions =
  "abs ceil floor exp ln log2 log10 sqrt sgn sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh deg rad round absent timestamp sort sort_desc day_of_month day_of_week days_in_month hour minute month year day_of_year";
export const rangeFunctions =
  "rate increase delta irate idelta deriv changes resets absent_over_time avg_over_time count_over_time last_over_time max_over_time min_over_time present_over_time stddev_over_time stdvar_over_time sum_over_time";
export const aggregations = "sum avg count min max group stddev stdvar";
export const operators = "+ - * / % ^ atan2 == != < > <= >=";

const vectorFunction = word(vectorFunctions);
const rangeFunction = word(rangeFunctions);
const weighted = (weight: number, arbitrary: Arbitrary<string>) => ({ weight, arbitrary });

const duration = word("15s 1m 90s 5m 7m30s 20m 1h");
const label = word("job instance group le version none");
const labels = array(label, { maxLength: 2 }).map((list) => list.join(","));
const operator = word(operators);
const comparison = word("== != < > <= >=");
const number = oneof(
  word("0 1 2 -1 0.5 1e3 -0.25 0x1f 017 Inf -Inf NaN 3. 1e-7"),
  integer({ min: -20, max: 20 }).map(String),
);

const matcher = constantFrom(
  'job="api"',
  'job!="api"',
  'job=~"a.*"',
  'job!~"ap+"',
  'instance="1"',
  'instance=~"0|2"',
  'group=""',
  'group!=""',
  'le="+Inf"',
  'le=~"0.*|1"',
  'none=~".*"',
  'version=~"[12]\\\\.\\\\d"',
  'job=~"(?i:API)"',
);
const offset = oneof(
  weighted(6, constant("")),
  weighted(1, phrase` offset ${duration}`),
  weighted(1, phrase` offset -${duration}`),
  weighted(1, constantFrom(" @ 1700001000", " @ start()", " @ end()", " @ 1700002000.5")),
  weighted(1, constantFrom(" @ end() offset 5m", " offset 1m @ 1700003000")),
);
const selector = phrase`${word("requests_total memory latency_bucket odd info late nothing")}${array(
  matcher,
  {
    maxLength: 2,
  },
).map((list) => (list.length === 0 ? "" : `{${list.join(",")}}`))}`;

const grouping = oneof(constant(""), phrase` by (${labels}) `, phrase` without (${labels}) `);
const matching = oneof(constant(""), phrase` on(${labels})`, phrase` ignoring(${labels})`);
const join = phrase`${constantFrom(" on(job)", " ignoring(instance,group)", " on(job,instance)")}${constantFrom("", "", " group_left", " group_right", " group_left(version)", " group_right(group)")}`;
const replacement = constantFrom("$1", "x-$1", "${1}y", "$2", "$$", "");
const pattern = constantFrom("(.*)", "a(.*)", "(.)(.*)", "ap+");

const depth = { maxDepth: 3, depthIdentifier: "promql" } as const;

const { vector, scalar } = letrec<{ vector: string; scalar: string; range: string }>((tie) => {
  const inner: Arbitrary<string> = tie("vector");
  const value: Arbitrary<string> = tie("scalar");
  const range: Arbitrary<string> = tie("range");
  return {
    range: oneof(
      depth,
      weighted(4, phrase`${selector}[${duration}]${offset}`),
      weighted(1, phrase`(${inner})[${duration}:${constantFrom("", "30s", "1m", "47s")}]${offset}`),
    ),
    scalar: oneof(
      depth,
      weighted(4, number),
      weighted(1, constantFrom("time()", "pi()", "(time() - 1.7e9)")),
      weighted(1, phrase`(${value} ${word("+ - * / % ^")} ${value})`),
      weighted(1, phrase`(${value} ${comparison} bool ${value})`),
      weighted(1, phrase`scalar(${inner})`),
    ),
    vector: oneof(
      depth,
      weighted(5, phrase`${selector}${offset}`),
      weighted(3, phrase`${vectorFunction}(${inner})`),
      weighted(5, phrase`${rangeFunction}(${range})`),
      weighted(1, phrase`predict_linear(${range}, ${number})`),
      weighted(1, phrase`quantile_over_time(${number}, ${range})`),
      weighted(1, phrase`histogram_quantile(${number}, ${inner})`),
      weighted(1, phrase`holt_winters(${range}, 0.3, 0.6)`),
      weighted(
        2,
        phrase`histogram_quantile(${number}, sum by (le, job) (rate(latency_bucket[${duration}])))`,
      ),
      weighted(1, phrase`clamp(${inner}, ${value}, ${value})`),
      weighted(1, phrase`${word("clamp_min clamp_max round")}(${inner}, ${value})`),
      weighted(1, phrase`vector(${value})`),
      weighted(1, phrase`label_replace(${inner}, "${label}", "${replacement}", "${label}", "${pattern}")`),
      weighted(1, phrase`label_join(${inner}, "${label}", "-", "${label}", "${label}")`),
      weighted(4, phrase`${word(aggregations)}${grouping}(${inner})`),
      weighted(1, phrase`quantile${grouping}(${number}, ${inner})`),
      weighted(1, phrase`count_values${grouping}("value", ${inner})`),
      weighted(1, phrase`${word("topk bottomk")}${grouping}(${word("1 2 3 0 -1")}, ${selector})`),
      weighted(3, phrase`${inner} ${operator}${matching} ${inner}`),
      weighted(2, phrase`${inner} ${operator}${join} (${inner})`),
      weighted(1, phrase`${inner} ${comparison} bool${matching} ${inner}`),
      weighted(2, phrase`${inner} ${operator} ${value}`),
      weighted(2, phrase`${value} ${operator} ${inner}`),
      weighted(2, phrase`${inner} ${word("and or unless")}${matching} ${inner}`),
      weighted(1, phrase`-${inner}`),
      weighted(1, phrase`(${inner})`),
    ),
  };
});

/** One query, as an instant one (no step) or over a range. Times are seconds since the epoch. */
export interface RandomQuery {
  readonly query: string;
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** @param startSeconds - Where the samples begin. @param lengthSeconds - How long they last. */
export function randomQueries(startSeconds: number, lengthSeconds: number): Arbitrary<RandomQuery> {
  return record({
    query: oneof(weighted(9, vector), weighted(1, scalar)),
    after: integer({ min: -10, max: lengthSeconds + 400 }),
    steps: oneof(
      { weight: 2, arbitrary: constant(0) },
      { weight: 1, arbitrary: integer({ min: 1, max: 12 }) },
    ),
    step: constantFrom(7, 15, 30, 60, 61, 300),
  }).map(({ query, after, steps, step }) => {
    const start = startSeconds + after;
    return { query, start, end: start + steps * step, step: steps === 0 ? 0 : step };
  });
}
