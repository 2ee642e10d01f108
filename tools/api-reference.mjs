// Writes docs/api.md from the declarations of the build: `npm run build && npm run docs:api`. With --check it writes nothing,
// and ends with 1 when the page is not up to date.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { format, resolveConfig } from "prettier";
import { parseAst } from "rolldown/parseAst";

const page = "docs/api.md";
const entries = [
  ["index", "phoenix-sim", "Worlds, faults, scenarios and explorations, for any test runner."],
  [
    "vitest",
    "phoenix-sim/vitest",
    "Vitest's `test` and `expect`, with a world as a fixture: see [vitest.md](vitest.md).",
  ],
  [
    "fast-check",
    "phoenix-sim/fast-check",
    "Arbitraries for schedules, faults and requests: see [fast-check.md](fast-check.md).",
  ],
  ["ioredis-mock", "phoenix-sim/ioredis-mock", "Snapshots of Redis in a mock: see [mocks.md](mocks.md)."],
  ["pg-mem", "phoenix-sim/pg-mem", "Snapshots of PostgreSQL in a mock: see [mocks.md](mocks.md)."],
];

/** Every declaration of the build by file and name, with the comment above it. */
const files = new Map(
  [...entries.map(([name]) => `${name}.d.ts`), ...readdirSync("dist/types").map((name) => `types/${name}`)]
    .filter((name) => name.endsWith(".d.ts"))
    .map((name) => [name, readDeclarations(name)]),
);

function readDeclarations(file) {
  const code = readFileSync(`dist/${file}`, "utf8");
  const declared = new Map();
  const imported = new Map();
  const exported = new Map();
  let end = 0;
  for (const node of parseAst(code, { lang: "ts" }).body) {
    const comment = /\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*$/.exec(code.slice(end, node.start))?.[0] ?? "";
    end = node.end;
    if (node.type === "ImportDeclaration") {
      const from = node.source.value
        .replace(/^\.\//, file.includes("/") ? "types/" : "")
        .replace(/\.js$/, ".d.ts");
      for (const { imported: name, local } of node.specifiers)
        imported.set(local.name, { from, name: name?.name ?? local.name });
    } else if (node.type === "ExportNamedDeclaration" && node.declaration === null) {
      for (const { local, exported: name } of node.specifiers) exported.set(name.name, local.name);
    } else {
      const inner = node.declaration ?? node;
      const name = inner.id?.name ?? inner.declarations?.[0].id.name;
      if (name !== undefined) declared.set(name, { text: code.slice(inner.start, node.end), comment });
    }
  }
  return { declared, imported, exported };
}

/** Where a name that a file exports is declared; undefined when another package declares it. */
function find(file, local) {
  const { declared, imported } = files.get(file);
  if (declared.has(local)) return { ...declared.get(local), file };
  const { from, name } = imported.get(local) ?? {};
  return files.has(from) ? find(from, files.get(from).exported.get(name) ?? name) : undefined;
}

/** A comment as paragraphs and a list of its tags. */
function prose(comment) {
  const text = comment
    .replace(/^\/\*\*/, "")
    .replace(/\*\/\s*$/, "")
    .replaceAll(/^[ \t]*\* ?/gm, "")
    .replaceAll(/\{@link ([^}]+)\}/g, "`$1`")
    .trim();
  const [words = "", ...tags] = text.split(/(?:^|\s)(?=@(?:param|returns|throws|default|example|see)\b)/);
  const items = tags.map((tag) => {
    const [, kind, rest] = /^@(\w+)\s*([\s\S]*)$/.exec(tag);
    const title =
      { param: "Parameter", returns: "Returns", throws: "Throws", default: "Default", see: "See" }[kind] ??
      kind;
    const body = rest.trim().replaceAll(/\n(?!\n)/g, " ");
    return `- **${title}**${kind === "param" ? ` ${body.replace(/^(\w+)\s*-?/, "`$1`:")}` : ` ${body}`}`;
  });
  return [words.trim(), items.join("\n")].filter(Boolean).join("\n\n");
}

function section(name, found, kind) {
  if (found === undefined) return `### ${name}\n\nOf the package that the entry extends, unchanged.`;
  const text = found.text.replace(/^export /, "").replace(/^declare /, "");
  return [`### ${name}`, prose(found.comment), kind, `\`\`\`typescript\n${text}\n\`\`\``]
    .filter(Boolean)
    .join("\n\n");
}

const isType = (found) => /^(?:export )?(?:declare )?(?:interface|type)\b/.test(found?.text ?? "");

/** The members of a namespace, each as a section of its own. */
function namespaceSection(name, file, { text }) {
  const members = [...text.matchAll(/(\w+)(?: as (\w+))?[,\s}]/g)]
    .map(([, local, as]) => [as ?? local, find(file, local)])
    .filter(([, found]) => found !== undefined && !/^(?:declare )?namespace/.test(found.text));
  return [
    `### ${name}`,
    `A namespace: \`${name}.${members[0]?.[0]}(...)\` and so on.`,
    ...members.map(([member, found]) => section(`${name}.${member}`, found).replace(/^###/, "####")),
  ].join("\n\n");
}

function entry([file, specifier, summary]) {
  const { exported } = files.get(`${file}.d.ts`);
  const all = [...exported].map(([name, local]) => [name, find(`${file}.d.ts`, local)]);
  const sorted = all.toSorted(([a], [b]) => a.localeCompare(b, "en"));
  const values = sorted.filter(([, found]) => !isType(found));
  const types = sorted.filter(([, found]) => isType(found));
  return [
    `## ${specifier}`,
    summary,
    ...values.map(([name, found]) =>
      /^(?:declare )?namespace/.test(found?.text ?? "")
        ? namespaceSection(name, found.file, found)
        : section(name, found),
    ),
    ...types.map(([name, found]) => section(name, found, "")),
  ].join("\n\n");
}

const text = [
  "# API reference",
  "Generated from the docstrings: what each entry of the package exports, values first, then types. Times are virtual milliseconds unless said otherwise.",
  ...entries.map(entry),
].join("\n\n");
const options = { ...(await resolveConfig(page)), filepath: page };
const written = await format(text, options);

if (process.argv.includes("--check")) {
  if (readFileSync(page, "utf8") === written) process.exit(0);
  console.error(`${page} is not up to date: run npm run build && npm run docs:api, and commit the page.`);
  process.exit(1);
}
writeFileSync(page, written);
