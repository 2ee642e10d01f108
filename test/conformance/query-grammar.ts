/** Random PromQL: a grammar of fast-check that makes queries which mostly mean something. */
import fc from "fast-check";

const duration = fc.constantFrom("15s", "1m", "90s", "5m", "7m30s", "20m", "1h");
const names = fc.constantFrom("requests_total", "memory", "latency_bucket", "odd", "info", "late", "nothing");
const label = fc.constantFrom("job", "instance", "group", "le", "version", "none");

const matcher = fc.oneof(
  fc.constantFrom(
    'job="api"',
    'job!="api"',
    'job=~"a.*"',
    'job!~"ap+"',
    'instance="1"',
    'instance=~"0|2"',
    'group=""',
  ),
  fc.constantFrom(
    'group!=""',
    'le="+Inf"',
    'le=~"0.*|1"',
    'none=~".*"',
    'version=~"[12]\\\\.\\\\d"',
    'job=~"(?i:API)"',
  ),
);

const number = fc.oneof(
  fc.constantFrom(
    "0",
    "1",
    "2",
    "-1",
    "0.5",
    "1e3",
    "-0.25",
    "0x1f",
    "017",
    "Inf",
    "-Inf",
    "NaN",
    "3.",
    "1e-7",
  ),
  fc.integer({ min: -20, max: 20 }).map(String),
);

const offset = fc.oneof(
  { weight: 6, arbitrary: fc.constant("") },
  { weight: 1, arbitrary: duration.map((text) => ` offset ${text}`) },
  { weight: 1, arbitrary: duration.map((text) => ` offset -${text}`) },
  { weight: 1, arbitrary: fc.constantFrom(" @ 1700001000", " @ start()", " @ end()", " @ 1700002000.5") },
  { weight: 1, arbitrary: fc.constantFrom(" @ end() offset 5m", " offset 1m @ 1700003000") },
);

const selector = fc
  .tuple(names, fc.array(matcher, { maxLength: 2 }))
  .map(([name, matchers]) => (matchers.length === 0 ? name : `${name}{${matchers.join(",")}}`));

const vectorFunctions = fc.constantFrom(
  ..."abs ceil floor exp ln log2 log10 sqrt sgn sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh deg rad round".split(
    " ",
  ),
  ..."absent timestamp sort sort_desc day_of_month day_of_week days_in_month hour minute month year day_of_year".split(
    " ",
  ),
);
const rangeFunctions = fc.constantFrom(
  ..."rate increase delta irate idelta deriv changes resets absent_over_time avg_over_time count_over_time last_over_time".split(
    " ",
  ),
  ..."max_over_time min_over_time present_over_time stddev_over_time stdvar_over_time sum_over_time".split(
    " ",
  ),
);
const aggregators = fc.constantFrom("sum", "avg", "count", "min", "max", "group", "stddev", "stdvar");
const operators = fc.constantFrom("+", "-", "*", "/", "%", "^", "atan2", "==", "!=", "<", ">", "<=", ">=");
const comparisons = fc.constantFrom("==", "!=", "<", ">", "<=", ">=");

const grouping = fc.oneof(
  fc.constant(""),
  fc.array(label, { maxLength: 2 }).map((labels) => ` by (${labels.join(", ")}) `),
  fc.array(label, { maxLength: 2 }).map((labels) => ` without (${labels.join(", ")}) `),
);
const matching = fc.oneof(
  fc.constant(""),
  fc.array(label, { maxLength: 2 }).map((labels) => ` on(${labels.join(",")})`),
  fc.array(label, { maxLength: 2 }).map((labels) => ` ignoring(${labels.join(",")})`),
);
const group = fc.constantFrom(
  "",
  "",
  "",
  " group_left",
  " group_right",
  " group_left(version)",
  " group_right(group)",
);

interface Grammar {
  readonly vector: string;
  readonly scalar: string;
  readonly range: string;
}

const { vector, scalar } = fc.letrec<Grammar>((tie) => ({
  range: fc.oneof(
    { maxDepth: 3, depthIdentifier: "promql" },
    {
      weight: 4,
      arbitrary: fc.tuple(selector, duration, offset).map(([of, range, shift]) => `${of}[${range}]${shift}`),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(
          tie("vector"),
          duration,
          fc.oneof(fc.constant(""), fc.constantFrom("30s", "1m", "47s")),
          offset,
        )
        .map(([of, range, step, shift]) => `(${of})[${range}:${step}]${shift}`),
    },
  ),
  scalar: fc.oneof(
    { maxDepth: 3, depthIdentifier: "promql" },
    { weight: 4, arbitrary: number },
    { weight: 1, arbitrary: fc.constantFrom("time()", "pi()", "(time() - 1.7e9)") },
    {
      weight: 1,
      arbitrary: fc
        .tuple(tie("scalar"), fc.constantFrom("+", "-", "*", "/", "%", "^"), tie("scalar"))
        .map(([a, op, b]) => `(${a} ${op} ${b})`),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(tie("scalar"), comparisons, tie("scalar"))
        .map(([a, op, b]) => `(${a} ${op} bool ${b})`),
    },
    { weight: 1, arbitrary: tie("vector").map((of) => `scalar(${of})`) },
  ),
  vector: fc.oneof(
    { maxDepth: 3, depthIdentifier: "promql" },
    { weight: 5, arbitrary: fc.tuple(selector, offset).map(([of, shift]) => `${of}${shift}`) },
    { weight: 3, arbitrary: fc.tuple(vectorFunctions, tie("vector")).map(([name, of]) => `${name}(${of})`) },
    { weight: 5, arbitrary: fc.tuple(rangeFunctions, tie("range")).map(([name, of]) => `${name}(${of})`) },
    {
      weight: 1,
      arbitrary: fc.tuple(tie("range"), number).map(([of, to]) => `predict_linear(${of}, ${to})`),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(number, tie("range")).map(([q, of]) => `quantile_over_time(${q}, ${of})`),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(number, tie("vector")).map(([q, of]) => `histogram_quantile(${q}, ${of})`),
    },
    { weight: 1, arbitrary: tie("range").map((of) => `holt_winters(${of}, 0.3, 0.6)`) },
    {
      weight: 2,
      arbitrary: fc.constant("histogram_quantile(0.9, sum by (le, job) (rate(latency_bucket[5m])))"),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(tie("vector"), tie("scalar"), tie("scalar"))
        .map(([of, a, b]) => `clamp(${of}, ${a}, ${b})`),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom("clamp_min", "clamp_max", "round"), tie("vector"), tie("scalar"))
        .map(([name, of, a]) => `${name}(${of}, ${a})`),
    },
    { weight: 1, arbitrary: tie("scalar").map((of) => `vector(${of})`) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(
          tie("vector"),
          label,
          fc.constantFrom("$1", "x-$1", "${1}y", "$2", "$$", ""),
          label,
          fc.constantFrom("(.*)", "a(.*)", "(.)(.*)", "ap+"),
        )
        .map(
          ([of, to, text, from, regex]) => `label_replace(${of}, "${to}", "${text}", "${from}", "${regex}")`,
        ),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(tie("vector"), label, label, label)
        .map(([of, to, a, b]) => `label_join(${of}, "${to}", "-", "${a}", "${b}")`),
    },
    {
      weight: 4,
      arbitrary: fc.tuple(aggregators, grouping, tie("vector")).map(([op, by, of]) => `${op}${by}(${of})`),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(grouping, number, tie("vector")).map(([by, q, of]) => `quantile${by}(${q}, ${of})`),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(grouping, tie("vector")).map(([by, of]) => `count_values${by}("value", ${of})`),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(
          fc.constantFrom("topk", "bottomk"),
          grouping,
          fc.constantFrom("1", "2", "3", "0", "-1"),
          selector,
        )
        .map(([op, by, k, of]) => `${op}${by}(${k}, ${of})`),
    },
    {
      weight: 3,
      arbitrary: fc
        .tuple(tie("vector"), operators, matching, tie("vector"))
        .map(([a, op, on, b]) => `${a} ${op}${on} ${b}`),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(
          tie("vector"),
          operators,
          fc.constantFrom(" on(job)", " ignoring(instance,group)", " on(job,instance)"),
          group,
          tie("vector"),
        )
        .map(([a, op, on, side, b]) => `${a} ${op}${on}${side} (${b})`),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(tie("vector"), comparisons, matching, tie("vector"))
        .map(([a, op, on, b]) => `${a} ${op} bool${on} ${b}`),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(tie("vector"), operators, tie("scalar")).map(([a, op, b]) => `${a} ${op} ${b}`),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(tie("scalar"), operators, tie("vector")).map(([a, op, b]) => `${a} ${op} ${b}`),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(tie("vector"), fc.constantFrom("and", "or", "unless"), matching, tie("vector"))
        .map(([a, op, on, b]) => `${a} ${op}${on} ${b}`),
    },
    { weight: 1, arbitrary: tie("vector").map((of) => `-${of}`) },
    { weight: 1, arbitrary: tie("vector").map((of) => `(${of})`) },
  ),
}));

/** One query, as an instant one or over a range. Times are seconds since the epoch. */
export interface RandomQuery {
  readonly query: string;
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** @param startSeconds - Where the samples begin. @param lengthSeconds - How long they last. */
export function randomQueries(startSeconds: number, lengthSeconds: number): fc.Arbitrary<RandomQuery> {
  const time = fc.integer({ min: -10, max: lengthSeconds + 400 }).map((after) => startSeconds + after);
  return fc
    .record({
      query: fc.oneof({ weight: 9, arbitrary: vector }, { weight: 1, arbitrary: scalar }),
      start: time,
      steps: fc.oneof(
        { weight: 2, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.integer({ min: 1, max: 12 }) },
      ),
      step: fc.constantFrom(7, 15, 30, 60, 61, 300),
    })
    .map(({ query, start, steps, step }) => ({
      query,
      start,
      end: start + steps * step,
      step: steps === 0 ? 0 : step,
    }));
}
