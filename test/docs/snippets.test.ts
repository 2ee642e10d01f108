/**
 * Runs what docs/running.md tells people to copy: its shell blocks, hooks and CI steps, in a repository of a user who has
 * tests of their own.
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";

import { type BundledCommand, bundleCommand } from "../support/bundled-command.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = readFileSync(join(root, "docs/running.md"), "utf8");
const home = realpathSync(mkdtempSync(join(tmpdir(), "snippets-")));
const repo = join(home, "repo");

let command: BundledCommand;

beforeAll(async () => {
  command = await bundleCommand();
});

afterAll(() => {
  command.remove();
  rmSync(home, { recursive: true, force: true });
});

/** The code blocks of a language, in their order. */
function blocks(language: string): readonly string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(
    ([, code = ""]) => code,
  );
}

function write(file: string, text: string): void {
  mkdirSync(dirname(join(repo, file)), { recursive: true });
  writeFileSync(join(repo, file), text);
}

// What `npm ci` would bring: the command from its sources, and the test runner.
function installPackages(): void {
  const bin = join(repo, "node_modules/.bin");
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, "phoenix-sim"), `#!/bin/sh\nexec node "${command.file}" "$@"\n`);
  chmodSync(join(bin, "phoenix-sim"), 0o755);
  for (const [link, target] of [
    ["node_modules/vitest", "node_modules/vitest"],
    ["node_modules/.bin/vitest", "node_modules/vitest/vitest.mjs"],
  ] as const)
    if (!existsSync(join(repo, link))) symlinkSync(join(root, target), join(repo, link));
}

function git(...args: readonly string[]): string {
  return execFileSync("git", args, { cwd: repo, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

interface Ran {
  readonly code: number | null;
  readonly printed: string;
}

function sh(script: string, env: Readonly<Record<string, string>> = {}): Ran {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith("VITEST")));
  const { status, stdout, stderr } = spawnSync("sh", ["-ec", script], {
    cwd: repo,
    encoding: "utf8",
    env: { ...clean, CI: "true", NO_COLOR: "1", ...env },
  });
  return { code: status, printed: stdout + stderr };
}

/** Runs one step of a workflow; after `npm ci` the packages are there. */
function step(run: string, env: Readonly<Record<string, string>> = {}): Ran {
  const ran = sh(run.replaceAll("${{ github.base_ref }}", "main"), env);
  if (run === "npm ci") installPackages();
  return ran;
}

// A user's repository: two modules, each with its test, of which a change touches one.
beforeEach(() => {
  rmSync(home, { recursive: true, force: true });
  mkdirSync(repo, { recursive: true });
  write("package.json", JSON.stringify({ name: "user", version: "1.0.0", type: "module" }));
  write(
    "package-lock.json",
    JSON.stringify({
      name: "user",
      version: "1.0.0",
      lockfileVersion: 3,
      packages: { "": { name: "user", version: "1.0.0" } },
    }),
  );
  write(".gitignore", "node_modules\n.phoenix-sim\nreports\n");
  write("vitest.config.js", "export default { test: { include: ['*.test.js'] } };\n");
  for (const name of ["price", "tax"]) {
    write(`${name}.js`, `export const ${name} = 1;\n`);
    write(
      `${name}.test.js`,
      `import { expect, test } from "vitest";\nimport { ${name} } from "./${name}.js";\ntest("${name}", () => expect(${name}).toBeLessThan(3));\n`,
    );
  }
  git("init", "--quiet", "--initial-branch=main");
  git("config", "user.email", "user@example.com");
  git("config", "user.name", "User");
  git("add", ".");
  git("commit", "--quiet", "--message", "Start");
  git("init", "--quiet", "--bare", join(home, "origin.git"));
  git("remote", "add", "origin", join(home, "origin.git"));
  git("push", "--quiet", "origin", "main");
  installPackages();
});

function change(value: number): void {
  write("price.js", `export const price = ${value};\n`);
  git("add", ".");
}

const onlyChanged = (printed: string): readonly boolean[] =>
  ["price.test.js", "tax.test.js"].map((file) => printed.includes(file));

test("the page has the snippets that are run here", () => {
  const shell = blocks("bash").flatMap((block) => block.trim().split("\n"));
  expect(shell.length).toBeGreaterThan(8);
  expect([blocks("sh"), blocks("yaml"), blocks("js")].map(({ length }) => length)).toEqual([1, 4, 1]);
  const fences = [...page.matchAll(/^```(\w*)\n/gm)].map(([, language]) => language);
  expect(new Set(fences.filter((language) => language !== ""))).toEqual(
    new Set(["bash", "sh", "yaml", "js"]),
  );
});

test("every command of a shell block does what it says", () => {
  const [module = ""] = blocks("js");
  write("scenarios.mjs", module);
  const lines = blocks("bash").flatMap((block) => block.trim().split("\n"));
  for (const line of lines) expect([line, sh(line)]).toMatchObject([line, { code: 0 }]);
});

test("the git hook runs the tests of what is staged, then the quick set, and stops a commit that breaks one", () => {
  const [hook = ""] = blocks("sh");
  write(".git/hooks/pre-commit", `#!/bin/sh\n${hook}`);
  chmodSync(join(repo, ".git/hooks/pre-commit"), 0o755);
  change(2);
  const good = sh("git commit --message 'Raise the price'");
  expect([good.code, onlyChanged(good.printed)]).toEqual([0, [true, false]]);
  expect(good.printed.indexOf("price.test.js")).toBeLessThan(good.printed.indexOf("lifecycle"));
  change(5);
  const bad = sh("git commit --message 'Raise it too far'");
  expect([bad.code, bad.printed.includes("lifecycle")]).toEqual([1, false]);
  expect(git("log", "--format=%s")).toBe("Raise the price\nStart\n");
});

interface PreCommit {
  readonly repos: readonly {
    readonly hooks: readonly { readonly entry: string; readonly pass_filenames?: boolean }[];
  }[];
}

test("the hooks of pre-commit run the tests of the files they get, then the quick set", () => {
  change(2);
  const config = parse(blocks("yaml")[0] ?? "") as PreCommit;
  const hooks = config.repos.flatMap((each) => each.hooks);
  const ran = hooks.map(({ entry, pass_filenames: passed = true }) =>
    sh(passed ? `${entry} price.js` : entry),
  );
  expect(ran.map(({ code }) => code)).toEqual([0, 0]);
  expect([onlyChanged(ran[0]?.printed ?? ""), ran[1]?.printed.includes("lifecycle")]).toEqual([
    [true, false],
    true,
  ]);
});

interface Lefthook {
  readonly "pre-commit": {
    readonly commands: Readonly<Record<string, { readonly priority: number; readonly run: string }>>;
  };
}

test("the commands of lefthook do the same, in the order of their priorities", () => {
  change(2);
  const config = parse(blocks("yaml")[1] ?? "") as Lefthook;
  const commands = Object.values(config["pre-commit"].commands).sort((a, b) => a.priority - b.priority);
  const ran = commands.map(({ run }) => sh(run.replace("{staged_files}", "price.js")));
  expect(ran.map(({ code }) => code)).toEqual([0, 0]);
  expect([onlyChanged(ran[0]?.printed ?? ""), ran[1]?.printed.includes("lifecycle")]).toEqual([
    [true, false],
    true,
  ]);
});

interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly steps: readonly { readonly run?: string }[] }>>;
}

test("the steps of the workflow pass, those of a pull request with the changed tests first", () => {
  git("checkout", "--quiet", "-b", "topic");
  change(2);
  git("commit", "--quiet", "--message", "Raise the price");
  const { jobs } = parse(blocks("yaml")[2] ?? "") as Workflow;
  const stepsOf = (job: string): readonly string[] =>
    (jobs[job]?.steps ?? []).flatMap(({ run }) => (run === undefined ? [] : [run]));
  const summary = join(home, "summary.md");
  const [, changed, quick] = stepsOf("changed").map((run) => step(run, { GITHUB_STEP_SUMMARY: summary }));
  expect([changed?.code, onlyChanged(changed?.printed ?? ""), quick?.code]).toEqual([0, [true, false], 0]);
  expect(readFileSync(summary, "utf8")).toContain("2 passed, 0 failed");
  const all = stepsOf("everything").map((run) => step(run, { GITHUB_STEP_SUMMARY: summary }));
  expect(all.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  expect(existsSync(join(repo, "reports/phoenix-sim.xml"))).toBe(true);
});

test("the script of GitLab passes and leaves its report where it says", () => {
  change(2);
  git("commit", "--quiet", "--message", "Raise the price");
  const { "phoenix-sim": job } = parse(blocks("yaml")[3] ?? "") as {
    readonly "phoenix-sim": {
      readonly script: readonly string[];
      readonly artifacts: { readonly reports: { readonly junit: string } };
    };
  };
  const ran = job.script.map((line) => step(line));
  expect(ran.map(({ code }) => code)).toEqual([0, 0, 0]);
  expect(existsSync(join(repo, job.artifacts.reports.junit))).toBe(true);
});
