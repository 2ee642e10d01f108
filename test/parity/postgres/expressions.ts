/** Random expressions of the everyday types, each of which both servers must give the same answer to. */
import * as fc from "fast-check";

/** Literals of each type, some at the edges. */
const literals: Readonly<Record<string, readonly string[]>> = {
  int2: ["1::int2", "(-7)::int2", "32767::int2"],
  int4: ["0", "1", "-5", "42", "2147483647", "(-2147483648)", "null::int4"],
  int8: ["1::int8", "(-9)::int8", "9223372036854775807", "5000000000", "null::int8"],
  numeric: ["0.0", "1.5", "-2.75", "100.00", "12345.6789", "0.001", "1e20", "'nan'::numeric", "null::numeric"],
  float8: ["0::float8", "1.5::float8", "(-2.25)::float8", "1e15::float8", "1e-7::float8", "'infinity'::float8"],
  float4: ["1.5::float4", "0.1::float4", "1e7::float4"],
  bool: ["true", "false", "null::bool"],
  text: ["''", "'abc'", "'Hello World'", "'a,b,,c'", "'x1y22'", "'  pad '", "'12'", "'%_\\'", "null::text"].map((text) => text.startsWith("'") ? `${text}::text` : text),
  varchar: ["'abc'::varchar(5)", "'abcdefgh'::varchar(3)", "'Zz'::varchar"],
  bpchar: ["'ab'::char(4)", "'abcdef'::char(3)"],
  date: ["date '2024-02-29'", "date '1999-12-31'", "date '2000-01-01'", "date 'infinity'", "date '1900-01-01'"],
  timestamp: ["timestamp '2024-02-29 23:59:59.5'", "timestamp '2000-01-01'", "timestamp '1969-07-20 20:17:40'", "timestamp 'infinity'"],
  timestamptz: ["timestamptz '2024-03-10 12:00:00+00'", "timestamptz '2024-10-27 01:30:00+02'", "timestamptz '1999-12-31 23:59:59.999999+00'"],
  time: ["time '00:00'", "time '10:20:30.4'", "time '23:59:59'"],
  interval: ["interval '1 day'", "interval '1 month -2 days 03:04:05.6'", "interval '-1 year'", "interval '90 minutes'", "interval '0'"],
  jsonb: [`'{"a":1,"b":[1,2,{"c":null}],"d":"x"}'::jsonb`, `'[1,"a",null,true,1.50]'::jsonb`, `'"s"'::jsonb`, "'null'::jsonb", "'{}'::jsonb"],
  // Objects and arrays apart, for what is an error of anything else: which of two errors comes first is the server's affair.
  jobj: [`'{"a":1,"b":[1,2,{"c":null}],"d":"x"}'::jsonb`, `'{"b":{}}'::jsonb`],
  jarr: [`'[1,"a",null,true,1.50]'::jsonb`, "'[]'::jsonb"],
  json: [`'{"a": 1, "b":[1, 2], "a":2}'::json`, `'[1, {"x":  2}]'::json`, "'5'::json"],
  "int4[]": ["array[1,2,3]", "array[3,null,1]", "'{}'::int4[]", "array[[1,2],[3,4]]", "null::int4[]"],
  "text[]": ["array['a','b']", "array['a b',null,'c\"d']", "'{}'::text[]"],
  bytea: ["'\\x00ff41'::bytea", "'abc'::bytea", "''::bytea"],
  uuid: ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid"],
  bit: ["B'1010'", "B'0110'"],
};

/** What makes a type of others: `{type}` is an expression of that type. */
const forms: Readonly<Record<string, readonly string[]>> = {
  int2: ["{int2} + {int2}", "{int4}::int2"],
  int4: ["{int4} + {int4}", "{int4} - {int2}", "{int4} * {int4}", "{int4} / {int4}", "{int4} % {int4}", "-{int4}", "~{int4}", "{int4} # {int4}", "{int4} & {int4}", "{int4} << 3", "abs({int4})", "length({text})", "length({bpchar})", "octet_length({text})", "strpos({text}, {text})", "ascii({text})", "{numeric}::int4", "{float8}::int4", "{bool}::int4", "{date} - {date}", "array_length({int4[]}, 1)", "cardinality({text[]})", "array_position({int4[]}, {int4})", "({int4[]})[2]", "coalesce({int4}, {int4})", "greatest({int4}, {int4}, {int4})", "nullif({int4}, {int4})", "case when {bool} then {int4} else {int4} end", "jsonb_array_length({jarr})", "hashtext({text})", "get_byte({bytea}, 1)", "regexp_count({text}, 'b|c')", "sign({int4})::int4", "width_bucket({numeric}, 0, 100, 5)", "({jsonb} ->> 'a')::int4", "num_nulls({int4}, {text}, {date})", "bit_length({text})"],
  int8: ["{int8} + {int4}", "{int8} * {int8}", "{int4} - {int8}", "{int8} / {int8}", "{int8} % {int8}", "abs({int8})", "gcd({int8}, 12)", "{numeric}::int8", "{int4}::int8"],
  numeric: ["{numeric} + {numeric}", "{numeric} - {int4}", "{numeric} * {numeric}", "{numeric} / {numeric}", "{int4} / {numeric}", "{numeric} % {numeric}", "-{numeric}", "round({numeric}, 2)", "round({numeric})", "trunc({numeric}, 1)", "ceil({numeric})", "floor({numeric})", "abs({numeric})", "sign({numeric})", "{int8}::numeric", "{float8}::numeric", "{float4}::numeric", "{numeric}::numeric(10,2)", "sqrt(abs({numeric}))", "ln(abs({numeric}) + 1)", "power({numeric}, 2)", "power(abs({numeric}) + 1, 0.5)", "exp(sign({numeric}))", "mod({numeric}, 7)", "div({numeric}, 3)", "trim_scale({numeric})", "extract(year from {date})", "extract(epoch from {timestamp})", "extract(second from {time})", "extract(day from {interval})", "extract(week from {timestamptz})", "extract(epoch from {interval})", "to_number({int2}::text, '99999')"],
  float8: ["{float8} + {float8}", "{float8} - {int4}", "{float8} * {float8}", "{float8} / {float8}", "{float4} + {float8}", "abs({float8})", "round({float8})", "trunc({float8})", "floor({float8})", "sqrt({float8})", "{numeric}::float8", "{int4}::float8", "date_part('month', {timestamp})", "date_part('epoch', {interval})", "sign({float8})"],
  float4: ["{float4} + {float4}", "{float4} * {float4}", "{numeric}::float4", "{float8}::float4"],
  bool: ["{int4} = {int4}", "{int4} < {numeric}", "{float8} >= {int8}", "{text} = {text}", "{text} < {varchar}", "{bpchar} = {text}", "{date} > {timestamp}", "{timestamptz} <= {timestamptz}", "{interval} < {interval}", "{time} <> {time}", "not {bool}", "{bool} and {bool}", "{bool} or {bool}", "{int4} is null", "{text} is distinct from {text}", "{text} like 'a%'", "{text} ilike '%B%'", "{text} ~ '^[a-z]+'", "{text} !~* 'X'", "{int4} in (1, 2, {int4})", "{int4} between {int4} and {int4}", "{jsonb} @> {jsonb}", "{jsonb} ? 'a'", "{jsonb} = {jsonb}", "{jsonb} < {jsonb}", "{int4[]} @> {int4[]}", "{int4[]} && {int4[]}", "{int4[]} = {int4[]}", "{int4[]} < {int4[]}", "{int4} = any({int4[]})", "{int4} > all({int4[]})", "isfinite({date})", "{text}::bool", "{uuid} = {uuid}", "starts_with({text}, {text})", "{bytea} < {bytea}", "{bit} = {bit}"],
  text: ["{text} || {text}", "{text} || {int4}", "{bool} || {text}", "{varchar} || {bpchar}", "upper({text})", "lower({varchar})", "initcap({text})", "left({text}, {int2})", "right({text}, -1)", "substring({text}, 2, 3)", "substring({text} from '[a-z]+')", "replace({text}, 'a', 'xx')", "lpad({text}, 8, '*')", "rpad({text}, 5)", "btrim({text})", "ltrim({text}, ' aH')", "reverse({text})", "repeat({text}, 2)", "split_part({text}, ',', 2)", "translate({text}, 'abc', 'x')", "concat({text}, {int4}, {bool}, {date})", "concat_ws('-', {text}, {int4}, {text})", "format('%s|%I|%L', {int4}, 'a b', {text})", "md5({text})", "quote_literal({text})", "quote_nullable({text})", "{int4}::text", "{numeric}::text", "{float8}::text", "{float4}::text", "{bool}::text", "{date}::text", "{timestamp}::text", "{interval}::text", "{jsonb}::text", "{int4[]}::text", "to_char({int4}, '9,999')", "to_char({numeric}, 'FM99990.00')", "to_char({numeric}, 'S999.9')", "to_char({timestamp}, 'YYYY-MM-DD HH12:MI:SS.MS AM Day')", "to_char({date}, 'FMMonth DDth, IYYY-IW Q')", "to_char({interval}, 'DD HH24:MI:SS')", "{jsonb} ->> 'd'", "{jsonb} #>> '{b,2,c}'", "{json} ->> 'a'", "{jsonb} ->> 1", "regexp_replace({text}, '[a-c]', '<\\&>', 'g')", "array_to_string({int4[]}, ',', 'n')", "encode({bytea}, 'hex')", "encode({bytea}, 'base64')", "encode({bytea}, 'escape')", "jsonb_typeof({jsonb})", "jsonb_pretty({jsonb})", "coalesce({text}, {text})", "overlay({text} placing 'Q' from 2)", "to_hex({int4})", "array_dims({int4[]})", "{bit}::text", "{uuid}::text", "greatest({text}, {text})"],
  varchar: ["{text}::varchar(4)", "{varchar}::varchar(2)"],
  bpchar: ["{text}::char(3)"],
  date: ["{date} + {int2}", "{date} - {int2}", "{timestamp}::date", "make_date(2024, 2, 28)", "to_date('2024-05-06', 'YYYY-MM-DD')", "greatest({date}, {date})"],
  timestamp: ["{timestamp} + {interval}", "{timestamp} - {interval}", "{date} + {interval}", "{date} + {time}", "date_trunc('month', {timestamp})", "date_trunc('week', {timestamp})", "{date}::timestamp", "{timestamptz} at time zone 'America/New_York'", "{timestamptz} at time zone 'UTC'", "date_bin('15 minutes', {timestamp}, timestamp '2000-01-01')"],
  timestamptz: ["{timestamptz} + {interval}", "{timestamptz} - {interval}", "date_trunc('hour', {timestamptz})", "date_trunc('day', {timestamptz}, 'Asia/Tokyo')", "{timestamp} at time zone 'Europe/Berlin'", "to_timestamp({int4})", "{date}::timestamptz"],
  time: ["{time} + {interval}", "{time} - {interval}", "{timestamp}::time"],
  interval: ["{interval} + {interval}", "{interval} - {interval}", "{interval} * {int2}", "{interval} / 3", "{timestamp} - {timestamp}", "{timestamptz} - {timestamptz}", "{time} - {time}", "age({timestamp}, {timestamp})", "-{interval}", "justify_hours({interval})", "justify_days({interval})", "justify_interval({interval})", "date_trunc('hour', {interval})", "make_interval(days => {int2}, hours => 3)"],
  jsonb: ["{jsonb} -> 'b'", "{jsonb} -> 0", "{jsonb} #> '{b,1}'", "{jsonb} || {jsonb}", "{jobj}", "{jarr}", "jsonb_strip_nulls({jsonb})", "to_jsonb({int4})", "to_jsonb({text})", "to_jsonb({int4[]})", "to_jsonb({timestamp})", "to_jsonb({numeric})", "jsonb_build_object('k', {int4}, 'j', {jsonb})", "jsonb_build_array({text}, {bool}, {date})", "{json}::jsonb"],
  jobj: ["{jobj} - 'a'", "{jobj} #- '{b,0}'", "jsonb_set({jobj}, '{b,0}', {jsonb})", "jsonb_insert({jobj}, '{b,0}', '9')", "jsonb_build_object('k', {int4}, 'j', {jsonb})", "jsonb_strip_nulls({jobj})", "{jobj} || {jobj}"],
  jarr: ["{jarr} - 1", "{jarr} - 'a'", "jsonb_build_array({text}, {bool}, {date})", "{jarr} || {jsonb}", "jsonb_insert({jarr}, '{1}', {jsonb})"],
  json: ["{json} -> 'b'", "{json} -> 1", "to_json({float8})", "to_json({text[]})", "json_build_object('k', {text}, 'v', {json})", "row_to_json(row({int4}, {text}))", "array_to_json({int4[]})"],
  "int4[]": ["{int4[]} || {int4}", "{int4} || {int4[]}", "{int4[]} || {int4[]}", "array[{int4}, {int4}]", "array_append({int4[]}, {int4})", "array_remove({int4[]}, {int4})", "array_replace({int4[]}, 1, {int4})", "({int4[]})[1:2]", "array_positions({int4[]}, {int4})"],
  "text[]": ["{text[]} || {text}", "string_to_array({text}, ',')", "regexp_split_to_array({text}, '[0-9 ]+')", "regexp_match({text}, '([a-z])(.)')", "{int4[]}::text[]", "array[{text}, {text}]"],
  bytea: ["{bytea} || {bytea}", "sha256({bytea})", "convert_to({text}, 'UTF8')", "decode('4142', 'hex')", "substring({bytea}, 2)"],
  uuid: ["md5({text})::uuid"],
  bit: ["{bit} & {bit}", "{bit} | {bit}", "~{bit}", "{bit} << 1"],
};

const types = Object.keys(literals);

/** An expression of a type with so many levels below it. */
function build(type: string, depth: number, choose: (count: number) => number): string {
  const own = depth > 0 ? (forms[type] ?? []) : [];
  const plain = literals[type] ?? [];
  const index = choose(plain.length + own.length * 3);
  if (index < plain.length || own.length === 0) return plain[index % plain.length] ?? "null";
  const form = own[(index - plain.length) % own.length] ?? "null";
  return `(${form.replace(/\{([a-z0-9]+(?:\[\])?)\}/g, (whole, name: string) => (literals[name] === undefined ? whole : build(name, depth - 1, choose)))})`;
}

/** At most three levels: what goes wrong deeper goes wrong there, too. */
export const expression: fc.Arbitrary<string> = fc
  .array(fc.nat(2 ** 30), { minLength: 40, maxLength: 40 })
  .map((choices) => {
    let at = 0;
    const choose = (count: number): number => {
      const choice = choices[at % choices.length] ?? 0;
      at += 1;
      return (choice + at * 7919) % count;
    };
    return build(types[choose(types.length)] ?? "int4", 1 + choose(3), choose);
  });
