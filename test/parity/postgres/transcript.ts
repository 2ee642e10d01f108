/** Plays a script on one server and writes down everything a client could see. */
import type { Answer, Arm, ArmSession, Pending } from "./arms.js";

/**
 * One comparison. Steps are `session: SQL`, with parameters as JSON behind ` <- `, or `pass MS` for time.
 * Session names are single letters.
 */
export interface Script {
  readonly feature: string;
  readonly name: string;
  readonly steps: readonly string[];
}

interface Line {
  readonly step: string;
  /** Answers that came by the end of this step, by session; a wait says for whom. */
  readonly answers: Readonly<Record<string, Answer | { readonly waitsFor: readonly string[] }>>;
  readonly heard?: Readonly<Record<string, readonly string[]>>;
}

export type Transcript = readonly Line[];

interface Step {
  readonly session: string;
  readonly text: string;
  readonly values: readonly unknown[] | undefined;
}

function parseStep(step: string): Step {
  const [head = "", parameters] = step.split(" <- ");
  const colon = head.indexOf(":");
  return {
    session: head.slice(0, colon).trim(),
    text: head.slice(colon + 1).trim(),
    values: parameters === undefined ? undefined : (JSON.parse(parameters) as unknown[]),
  };
}

function sessionNames(script: Script): string[] {
  const names = script.steps
    .filter((step) => !step.startsWith("pass "))
    .map((step) => parseStep(step).session);
  return [...new Set(names)].toSorted((a, b) => (a < b ? -1 : 1));
}

/** A query to a session that still waits is left out, on both servers alike. */
export async function play(arm: Arm, script: Script): Promise<Transcript> {
  const names = sessionNames(script);
  const sessions = await arm.begin(names);
  const pending = new Map<string, Pending>();
  const lines: Line[] = [];
  for (const step of script.steps) {
    if (step.startsWith("pass ")) await arm.pass(Number(step.slice(5)));
    else {
      const { session: name, text, values } = parseStep(step);
      const session = sessions.get(name);
      if (session === undefined || pending.has(name)) {
        lines.push({ step: `${step} (left out)`, answers: {} });
        continue;
      }
      pending.set(name, session.send(text, values));
    }
    lines.push(await observe(arm, step, sessions, pending));
  }
  return lines;
}

async function observe(
  arm: Arm,
  step: string,
  sessions: ReadonlyMap<string, ArmSession>,
  pending: Map<string, Pending>,
): Promise<Line> {
  const waiters = await arm.settle(pending);
  const answers: Record<string, Answer | { waitsFor: readonly string[] }> = {};
  for (const [name, one] of [...pending].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (one.answer === null) answers[name] = { waitsFor: waiters.get(name) ?? [] };
    else {
      answers[name] = one.answer;
      pending.delete(name);
    }
  }
  const heard: Record<string, readonly string[]> = {};
  // A session surely has its news once it answered something later.
  for (const [name, session] of sessions) {
    if (answers[name] === undefined || "waitsFor" in answers[name]) continue;
    const news = session.heard();
    if (news.length > 0) heard[name] = news;
  }
  return Object.keys(heard).length === 0 ? { step, answers } : { step, answers, heard };
}
