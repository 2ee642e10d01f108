import { expect, test } from "vitest";
import { createPostgresServer, createTemplate } from "../../../../../sim/servers/postgres/index.js";
import { createManualClock } from "./manual-clock.js";

const template = createTemplate([
  `create type mood as enum ('good', 'bad');
   create table parent (id serial primary key, name varchar(20) not null default 'x', m mood);
   create table child (id int primary key generated always as identity, parent int references parent on delete cascade,
     price numeric(8, 2) check (price > 0), unique (parent, price));
   create index child_lower on child (lower(price::text)) where price > 1;
   create view rich as select id from child where price > 10`,
]);

/** What PostgreSQL 15 answers to the same. */
const cases: ReadonlyArray<readonly [text: string, rows: readonly unknown[]]> = [
  [
    `select conname, contype, pg_get_constraintdef(oid) as def from pg_constraint where conrelid = 'child'::regclass order by 1`,
    [
      {
        conname: "child_parent_fkey",
        contype: "f",
        def: "FOREIGN KEY (parent) REFERENCES parent(id) ON DELETE CASCADE",
      },
      { conname: "child_parent_price_key", contype: "u", def: "UNIQUE (parent, price)" },
      { conname: "child_pkey", contype: "p", def: "PRIMARY KEY (id)" },
      { conname: "child_price_check", contype: "c", def: "CHECK ((price > (0)::numeric))" },
    ],
  ],
  [
    `select a.attname, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull, a.attidentity,
       pg_get_expr(d.adbin, d.adrelid) as def
     from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where a.attrelid = 'parent'::regclass and a.attnum > 0 order by a.attnum`,
    [
      {
        attname: "id",
        type: "integer",
        attnotnull: true,
        attidentity: "",
        def: "nextval('parent_id_seq'::regclass)",
      },
      {
        attname: "name",
        type: "character varying(20)",
        attnotnull: true,
        attidentity: "",
        def: "'x'::character varying",
      },
      { attname: "m", type: "mood", attnotnull: false, attidentity: "", def: null },
    ],
  ],
  [
    "select column_name, data_type, column_default, is_identity from information_schema.columns where table_name = 'child' order by ordinal_position",
    [
      { column_name: "id", data_type: "integer", column_default: null, is_identity: "YES" },
      { column_name: "parent", data_type: "integer", column_default: null, is_identity: "NO" },
      { column_name: "price", data_type: "numeric", column_default: null, is_identity: "NO" },
    ],
  ],
  [
    "select table_name, table_type from information_schema.tables where table_schema = 'public' order by 1",
    [
      { table_name: "child", table_type: "BASE TABLE" },
      { table_name: "parent", table_type: "BASE TABLE" },
      { table_name: "rich", table_type: "VIEW" },
    ],
  ],
  [
    "select indexdef from pg_indexes where tablename = 'child' and indexname = 'child_parent_price_key'",
    [{ indexdef: "CREATE UNIQUE INDEX child_parent_price_key ON public.child USING btree (parent, price)" }],
  ],
  [
    "select ccu.table_name, ccu.column_name, rc.delete_rule from information_schema.referential_constraints rc join information_schema.constraint_column_usage ccu using (constraint_name) where constraint_name = 'child_parent_fkey'",
    [{ table_name: "parent", column_name: "id", delete_rule: "CASCADE" }],
  ],
  [
    "select relkind, pg_table_is_visible(oid) as visible from pg_class where relname = 'rich'",
    [{ relkind: "v", visible: true }],
  ],
  [
    "select enumlabel from pg_enum where enumtypid = 'mood'::regtype order by enumsortorder",
    [{ enumlabel: "good" }, { enumlabel: "bad" }],
  ],
];

test.each(cases)("%s", async (text, rows) => {
  const session = createPostgresServer({ clock: createManualClock(), template }).connect();
  expect((await session.query(text)).rows).toEqual(rows);
});

test("a backend sees the others and can end them", async () => {
  const server = createPostgresServer({ clock: createManualClock(), template });
  const [a, b] = [server.connect(), server.connect()];
  await b.query("begin");
  const { rows } = await a.query<{ pid: number; state: string }>(
    "select pid, state from pg_stat_activity where pid <> pg_backend_pid()",
  );
  expect(rows).toEqual([{ pid: b.pid, state: "idle in transaction" }]);
  expect((await a.query("select pg_terminate_backend($1) as done", [b.pid])).rows).toEqual([{ done: true }]);
  await expect(b.query("select 1")).rejects.toMatchObject({ code: "08006" });
});
