import type { Command, Option } from "commander";
import { expect, test } from "vitest";

import { commandsOf, createProgram } from "../../../../sim/cli/main.js";
import type { Terminal } from "../../../../sim/cli/terminal.js";
import { run, runInColumns } from "./captured-terminal.js";

const terminal: Terminal = {
  out: () => {},
  err: () => {},
  color: false,
  width: Infinity,
  interrupted: async () => new Promise(() => {}),
};

interface Offered {
  readonly name: string;
  readonly command: Command;
  readonly option: Option;
}

/** Every option of every command; each test gets commands of its own. */
function everyOption(): readonly Offered[] {
  return commandsOf(createProgram(terminal, () => {})).flatMap((command) =>
    command.options.map((option) => ({ name: nameOf(command), command, option })),
  );
}

function nameOf(command: Command): string {
  return command.parent?.parent == null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;
}

/** What help shows as the default of an option, as somebody would type it. */
function shownDefault(help: string, { long }: Option): string | undefined {
  const lines = help.split("\n");
  const start = lines.findIndex((line) => new RegExp(`^ {2}(?:-\\w, )?${long ?? ""}[ ,]`).test(line));
  const end = lines.findIndex((line, index) => index > start && /^(?: {2}-|$)/.test(line));
  const text = lines.slice(start, end).join(" ").replaceAll(/\s+/g, " ");
  const [, shown] = /[( ]default: "?([^")]+)"?\)/.exec(text) ?? [];
  return shown;
}

const withDefaults = everyOption().filter(
  ({ option }) => option.defaultValue !== undefined && typeof option.defaultValue !== "boolean",
);

test("there are defaults to check, the percentages among them", () => {
  const names = withDefaults.map(({ name, option }) => `${name} ${option.long}`);
  expect(names).toEqual(
    expect.arrayContaining([
      "history check --failure-rate",
      "history check --coverage",
      "explore --hang-after",
    ]),
  );
});

test.each(withDefaults.map(({ name, command, option }) => [name, option.long, command, option] as const))(
  "%s %s: the default that help shows means the same when it is typed",
  (_, __, command, option) => {
    const shown = shownDefault(command.helpInformation(), option);
    expect(shown).toBeDefined();
    const typed: unknown = option.parseArg === undefined ? shown : option.parseArg(shown ?? "", undefined);
    expect(typed).toEqual(option.defaultValue);
  },
);

test("help names every option that is accepted, and every option that it names is accepted", () => {
  for (const { name, command, option } of everyOption()) {
    const help = command.helpInformation();
    expect([name, option.flags, help.includes(option.flags)]).toEqual([name, option.flags, true]);
  }
  for (const command of commandsOf(createProgram(terminal, () => {}))) {
    const named = [...command.helpInformation().matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(
      ([, long]) => long,
    );
    const known = new Set(
      [command, ...ancestorsOf(command)].flatMap(({ options }) => options.map(({ long }) => long)),
    );
    expect(named.filter((long) => long !== "--help" && !known.has(long))).toEqual([]);
  }
});

function ancestorsOf({ parent }: Command): readonly Command[] {
  return parent === null ? [] : [parent, ...ancestorsOf(parent)];
}

test("help fits the terminal, and 80 columns where there is none", async () => {
  for (const command of commandsOf(createProgram(terminal, () => {}))) {
    const words = [...nameOf(command).split(" "), "--help"];
    for (const [width, outcome] of [
      [80, await run(...words)],
      [100, await runInColumns(100, ...words)],
    ] as const) {
      const wide = outcome.out.split("\n").filter((line) => line.length > width);
      expect([words, outcome.code, wide]).toEqual([words, 0, []]);
    }
  }
});

test("every value that an option cannot take is refused by name, with what it takes", async () => {
  for (const { name, option } of everyOption()) {
    if (!refuses(option, "a b")) continue;
    const { code, out, err } = await run(
      ...name.split(" "),
      ...(/^(?:promtest|merge|keep)$/.test(name) ? ["x"] : []),
      option.long ?? "",
      "a b",
    );
    expect([name, option.long, code, out]).toEqual([name, option.long, 2, ""]);
    expect(err).toContain(`Invalid ${option.long} "a b": `);
    expect(err).toContain(`Try phoenix-sim ${name} --help.`);
  }
});

function refuses({ parseArg, argChoices }: Option, text: string): boolean {
  if (argChoices !== undefined || parseArg === undefined) return false;
  try {
    parseArg(text, undefined);
    return false;
  } catch {
    return true;
  }
}

test("an option without its value says so, and where help is", async () => {
  for (const { name, option } of everyOption().filter((each) => each.option.required)) {
    const { code, err } = await run(...name.split(" "), option.long ?? "");
    expect([name, option.long, code]).toEqual([name, option.long, 2]);
    expect(err).toContain(`option '${option.flags}' argument missing`);
    expect(err).toContain(`Try phoenix-sim ${name} --help.`);
  }
});

test("a number for a duration says that the unit is missing", async () => {
  for (const [command, option] of [
    ["run", "--budget"],
    ["explore", "--time-budget"],
    ["explore", "--hang-after"],
  ] as const) {
    const { code, err } = await run(command, option, "5");
    expect([code, err]).toEqual([
      2,
      expect.stringContaining(`Invalid ${option} "5": a duration needs a unit, such as 5s.`),
    ]);
  }
});

test("an unknown reporter is answered with the nearest, and one without its file says how to give one", async () => {
  const unknown = await run("run", "--reporter", "junt");
  expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining('Did you mean "junit"?')]);
  const empty = await run("explore", "--reporter", "junit=");
  expect([empty.code, empty.err]).toEqual([2, expect.stringContaining("junit=report.txt")]);
});
