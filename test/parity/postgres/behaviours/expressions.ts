/** Expressions: types, operators, functions and their errors. Each is one statement of one session. */
import type { Script } from "../transcript.js";

function single(feature: string, statements: readonly string[]): Script[] {
  return statements.map((text) => ({ feature, name: text, steps: [`a: ${text}`] }));
}

export const expressions: readonly Script[] = [
  ...single("numbers", [
    "select 1 as a, 1.50 as b, 12345678901 as c, 1e3 as d, -5 as e, 2147483648 as f",
    "select 7/2 as a, -7/2 as b, 7%3 as c, -7%3 as d, 7.0/2 as e, 10/4.0 as f, 1/3.0 as g",
    "select 1/0", "select 1.0/0", "select 1%0", "select 1::float8/0",
    "select 2147483647 + 1", "select 9223372036854775807 + 1", "select 2147483647::bigint + 1 as x",
    "select 0.1::float8 + 0.2::float8 as a, 1e20::float8 as b, 1e-7::float8 as c, 100000::float8 as d, 1.5::real as e, 0.1::real as f",
    "select 1.5::int as a, 2.5::int as b, 2.5::float8::int as c, -1.5::numeric::int as d, '42'::int as e",
    "select 'x'::int", "select '99999999999'::int", "select 99999999999::int", "select ''::int", "select '1.5'::int",
    "select 1.10 + 2.205 as a, 1.10 * 2.20 as b, 10.00 - 0.5 as c, 100 / 7.00 as d, 5.5 % 2 as e",
    "select 123.456::numeric(6,2) as a, 0.005::numeric(3,2) as b", "select 12345.678::numeric(5,2)",
    "select abs(-5) as a, abs(-1.5) as b, ceil(1.2) as c, floor(-1.2) as d, round(2.5) as e, round(1.2345, 2) as f, round(2.5::float8) as g, trunc(1.9::float8) as h, mod(7,3) as i, power(2,10) as j, sqrt(16.0::float8) as k",
    "select 'NaN'::float8 as a, 'Infinity'::float8 as b, '-inf'::float8 as c, 'NaN'::numeric as d, 'NaN'::float8 = 'NaN'::float8 as e",
    "select 5 & 3 as a, 5 | 3 as b, 5 # 3 as c, 1 << 4 as d, 16 >> 2 as e", "select greatest(1, 2.5, null) as a, least(3, 1) as b",
    "select 1::smallint + 1::smallint as a, 32767::smallint", "select 32768::smallint", "select 1 + 1.0::float8 as a, 1::bigint + 1 as b, 1.0 + 1::bigint as c",
  ]),
  ...single("booleans", [
    "select true and null as a, false and null as b, true or null as c, false or null as d, not null as e, not true as f",
    "select 't'::bool as a, 'yes'::bool as b, 'off'::bool as c, '0'::bool as d", "select 'maybe'::bool", "select 1::bool as a, 0::bool as b, true::int as c",
    "select null is null as a, 1 is not null as b, true is true as c, null is not true as d, null is false as e",
    "select 1 = null as a, null = null as b, 1 is distinct from null as c, null is not distinct from null as d",
    "select 1 where 'a'", "select 1 where 1", "select true::text as a, false || 'x' as b",
    "select case when 1 > 2 then 'a' when 2 > 1 then 'b' end as x, case 3 when 1 then 'one' else 'other' end as y, case when false then 1 end as z",
    "select coalesce(null, null, 3) as a, coalesce(null, 'x') as b, nullif(1, 1) as c, nullif(1, 2) as d",
  ]),
  ...single("text", [
    "select 'a' || 'b' as a, 'n=' || 5 as b, 'x' || null as c", "select 'it''s' as a, E'a\\nb\\t\\u0041' as b, 'a\\b' as c, $$dollar 'quoted'$$ as d, $t$x$t$ as e",
    "select length('héllo') as a, upper('abc') as b, lower('ABC') as c, reverse('abc') as d, repeat('ab', 3) as e",
    "select substring('hello' from 2 for 3) as a, substring('hello', 2) as b, substr('hello', 2, 2) as c, left('hello', 2) as d, right('hello', 2) as e, left('hello', -1) as f",
    "select trim('  x ') as a, ltrim('xxa', 'x') as b, rtrim('axx', 'x') as c, btrim('xax', 'x') as d",
    "select lpad('5', 3, '0') as a, rpad('5', 3) as b, split_part('a,b,c', ',', 2) as c, replace('aXbX', 'X', '-') as d, strpos('hello', 'l') as e",
    "select 'abc' like 'a%' as a, 'abc' like 'a_c' as b, 'ABC' ilike 'abc' as c, 'a%c' like 'a\\%c' as d, 'abc' not like 'b%' as e",
    "select 'abc' ~ '^a' as a, 'ABC' ~* 'b' as b, 'abc' !~ 'x' as c", "select 'abc'::varchar(2) as a, 'a'::char(3) as b, 'abc'::varchar as c, 'ab '::char(3) = 'ab' as d",
    "select 'a' < 'b' as a, 'B' < 'a' as b, 'a' < 'aa' as c, 'é' > 'z' as d", "select concat('a', null, 1, true) as a, starts_with('abc', 'ab') as b",
    "select 'x'::nosuchtype", "select nosuchfunction(1)", "select 'a' + 'b'", "select 1 + 'a'", "select 'a'::text + 1", "select length(5)", "select upper(1)",
  ]),
  ...single("time", [
    "select timestamptz '2024-03-01 12:00:00+02' as a, '2024-03-01'::date as b, timestamp '2024-03-01 12:00' as c, '2024-02-30'::text as d",
    "select '2024-02-30'::date", "select 'nonsense'::timestamptz", "select '2024-01-31'::date + interval '1 month' as a, '2024-03-01'::date - '2024-02-01'::date as b, '2024-01-01'::date + 5 as c",
    "select timestamptz '2024-03-01 12:00:00Z' - timestamptz '2024-02-28 10:30:00Z' as a, timestamptz '2024-03-01 12:00:00Z' + interval '90 minutes' as b",
    "select interval '1 day 02:03:04' as a, interval '90 minutes' as b, interval '1 year 2 mons -3 days' as c, interval '0' as d, interval '1.5 hours' as e",
    "select extract(epoch from timestamptz '2024-03-01 12:00:00.5Z') as a, extract(year from date '2024-03-01') as b, extract(dow from date '2024-03-03') as c, date_part('hour', timestamp '2024-03-01 13:00') as d",
    "select date_trunc('hour', timestamptz '2024-03-01 12:34:56.789Z') as a, date_trunc('month', timestamp '2024-03-15') as b, date_trunc('week', timestamp '2024-03-15') as c",
    "select timestamptz '2024-03-01 12:00Z' at time zone 'utc' as a, to_timestamp(1700000000.5) as b, to_char(timestamptz '2024-03-01 12:34:56.789Z', 'YYYY-MM-DD HH24:MI:SS.MS') as c",
    "select timestamptz '2024-03-01 12:00:00.123456Z'::text as a, timestamptz 'infinity' as b, interval '2 days' * 3 as c, interval '3 days' / 2 as d, '12:30'::time as e",
    "select timestamptz '2024-03-01' > date '2024-02-01' as a, interval '1 day' = interval '24 hours' as b, interval '30 days' = interval '1 month' as c",
    "select now() = current_timestamp as a, now() = transaction_timestamp() as b, statement_timestamp() >= now() as c, clock_timestamp() >= now() as d",
  ]),
  ...single("json", [
    `select '{"b":1,"a":{"c":[1,2.50,null]},"aa":"x"}'::jsonb as a, '{"b":1, "a" :2}'::json as b`, `select '{"b":1,"a":2,"b":3}'::jsonb::text as a, '[1.0,1e2,"\\u0041"]'::jsonb::text as b, '{"b" : 1}'::json::text as c`,
    `select '{"a":{"b":[10,20]}}'::jsonb->'a' as a, '{"a":{"b":[10,20]}}'::jsonb->'a'->'b'->1 as b, '{"a":"x"}'::jsonb->>'a' as c, '{"a":null}'::jsonb->>'a' as d, '[1,2,3]'::jsonb->-1 as e`,
    `select '{"a":1,"b":2}'::jsonb @> '{"a":1}' as a, '[1,2]'::jsonb @> '[1]' as b, '{"a":1}'::jsonb ? 'a' as c, '{"a":1}'::jsonb || '{"b":2}' as d, '{"a":1,"b":2}'::jsonb - 'a' as e`,
    `select '{"a":{"b":"x"}}'::jsonb #>> '{a,b}' as a, '{"a":{"b":[1]}}'::jsonb #> '{a,b,0}' as b, jsonb_typeof('[1]') as c, jsonb_array_length('[1,2]') as d`,
    `select jsonb_build_object('a', 1, 'b', 'x', 'c', null, 'd', true) as a, to_jsonb('x'::text) as b, jsonb_build_array(1, 'a') as c, to_jsonb(1.50) as d, jsonb_set('{"a":1}', '{b}', '2') as e`,
    `select '{bad}'::jsonb`, `select '{"a":1'::json`, `select ''::jsonb`, `select '"x"'::jsonb = '"x"'::jsonb as a, '5'::jsonb::int as b, '{"a":1}'::jsonb = '{"a":1.0}'::jsonb as c`,
  ]),
  ...single("arrays", [
    "select array[1,2,3] as a, '{a,\"b c\",NULL}'::text[] as b, array['x','y'] as c, '{}'::int[] as d, array[[1,2],[3,4]] as e", "select 2 = any(array[1,2]) as a, 3 = any('{1,2}'::int[]) as b, 1 <> all(array[2,3]) as c, null = any(array[1]) as d, 1 = any(array[2,null]) as e",
    "select array_length(array[1,2,3], 1) as a, cardinality(array[1,2]) as b, (array[5,6])[2] as c, array[1] || 2 as d, array[1] || array[2,3] as e, array_append(array[1], 2) as f, array_remove(array[1,2,1], 1) as g, array_position(array[5,6], 6) as h",
    "select array[1,2] @> array[1] as a, array[1,2] && array[2,3] as b, array[1,2] = array[1,2] as c, array[1,2] < array[1,3] as d", "select '{1,x}'::int[]", "select 'x'::int[]",
    "select 1 in (1,2) as a, 3 in (1,2) as b, 3 in (1,null) as c, 3 not in (1,null) as d, 1 not in (2,3) as e", "select (1,2) = (1,2) as a, (1,2) < (1,3) as b, (1,null) = (1,2) as c",
  ]),
  ...single("other types", [
    "select '550E8400-E29B-41D4-A716-446655440000'::uuid as a, '\\xDEADbeef'::bytea as b", "select 'not-a-uuid'::uuid", "select 1::text as a, null::int as b, 'x'::text::varchar as c", "select null as a, 'x' as b",
    "select 1 as \"Quoted Name\", 2 as \"select\", 3 as Upper", "select current_user as a, current_database() as b, current_schema as c", "select 5 between 1 and 10 as a, 5 not between 1 and 3 as b, null between 1 and 2 as c",
    "select '1'::int, 'x'::text, 1::numeric, now()::date is not null", "values (1, 'a'), (2, 'b')", "select", "", "select * from (values (1),(2)) as t(x)",
  ]),
  ...single("syntax errors", [
    "selec 1", "select from where", "select 1 1", "select * from", "select 'abc", "select (1", "insert into", "update set x = 1", "select \"abc", "select 1;; select 2", "select nope", "select t.x", "select * from nope", "select count(*) from nope", "select $1",
  ]),
  ...["[5]", "[\"5\"]", "[null]", "[\"x\"]", "[1.5]", "[9007199254740993]"].map((values): Script => ({
    feature: "parameters", name: `an integer from ${values}`, steps: [`a: select $1::int + 1 as x <- ${values}`],
  })),
  ...([
    ["select $1::text as x <- [5]"], ["select $1::jsonb as x <- [{\"b\":1,\"a\":[1]}]"], ["select $1::jsonb as x <- [[1,2]]"], ["select $1::int[] as x <- [[1,2,null]]"], ["select $1::text[] as x <- [[\"a\\\"b\",\"c d\",null]]"],
    ["select $1::bool as x, $2::numeric as y, $3::bigint as z <- [true,1.5,\"9007199254740993\"]"], ["select $1 || 'x' as x <- [\"a\"]"], ["select $1 as x <- [\"a\"]"], ["select $1::int <- []"], ["select 1 as x <- [1]"], ["select $1::int, $2::int <- [1]"], ["select $2::int <- [1,2]"],
    ["select 1; select 2 <- []"], ["select $1 = 1 as x <- [\"1\"]"], ["select 1 = any($1) as x <- [[1,2]]"], ["select $1::uuid = $1::uuid as x <- [\"550e8400-e29b-41d4-a716-446655440000\"]"], ["select coalesce($1, 5) as x <- [null]"], ["select $1 + 1 as x <- [41]"], ["select 'a' in ($1, $2) as x <- [\"b\",\"a\"]"],
  ] as const).map(([text]): Script => ({ feature: "parameters", name: text, steps: [`a: ${text}`] })),
];
