/** One thing on its way between two hosts, as rules and links see it. */
import { SimError } from "../../errors.js";

/** What the message belongs to. */
export type Protocol = "http" | "sql" | "redis" | "websocket";

/** Its role: a request, its reply, a frame on an open connection, or the opening and breaking of one. */
export type MessagePart = "request" | "reply" | "frame" | "connect" | "reset";

export interface Message {
  /** Sending host. */
  readonly from: string;
  /** Receiving host. */
  readonly to: string;
  readonly protocol: Protocol;
  readonly part: MessagePart;
  /** Stable name without ids, such as `POST /api/v1/experiments` or `insert-experiment`. */
  readonly label: string;
  /** 32-bit digest of the payload. */
  readonly digest: number;
  /** What it carries, for people; most messages say it by their label. */
  readonly describe?: (() => string) | undefined;
}

/** The error of a connection that could not be made, broke, or stayed silent; codes are those of Node. */
export class NetworkError extends Error {
  override readonly name = "NetworkError";
  readonly code: "ECONNREFUSED" | "ECONNRESET" | "ETIMEDOUT" | "ENOTFOUND";

  constructor(code: NetworkError["code"], message: string) {
    super(`${message} (${code})`);
    this.code = code;
  }
}

// Rules: what faults do to messages. Services and links know nothing of them.

/** What happens to one message. `undefined` leaves it to the next rule, and in the end to the link. */
export type Verdict =
  | { readonly action: "delay"; readonly ms: number } // delivered that much later
  | { readonly action: "hold"; readonly until: (release: () => void) => void } // kept back until released
  | { readonly action: "drop" } // lost on this attempt; sent again later, as TCP does
  | { readonly action: "duplicate" } // a request arrives twice; elsewhere the same as passing
  | { readonly action: "reset" } // the connection breaks, and both ends learn of it
  | undefined;

export type Rule = (message: Message) => Verdict;

/** A fault in force. */
export interface RuleHandle {
  readonly name: string;
  /** Ends the fault. Healing twice does nothing. */
  heal(): void;
}

export interface RuleBook {
  /** Puts a rule in force, asked after those already there. @param name - Shown by `active()` and in reports. */
  add(name: string, rule: Rule): RuleHandle;
  /** Asks the rules in order. @returns The first verdict given. */
  judge(message: Message): Verdict;
  /** Names of the rules in force. */
  active(): readonly string[];
  /** Ends every rule. */
  healAll(): void;
}

export function createRuleBook(): RuleBook {
  let entries: { readonly name: string; readonly rule: Rule }[] = [];
  return {
    add(name, rule) {
      if (typeof rule !== "function") {
        throw new SimError(
          "SIM_OPTION_INVALID",
          `Cannot put the rule "${name}" in force: it is ${typeof rule}, not a function.`,
          'Give a function of a message that returns a verdict, such as `({ to }) => to === "redis-0" ? { action: "drop" } : undefined`.',
        );
      }
      const entry = { name, rule };
      entries.push(entry);
      return {
        name,
        heal() {
          entries = entries.filter((other) => other !== entry);
        },
      };
    },
    judge(message) {
      for (const { rule } of entries) {
        const verdict = rule(message);
        if (verdict !== undefined) return verdict;
      }
      return undefined;
    },
    active: () => entries.map(({ name }) => name),
    healAll() {
      entries = [];
    },
  };
}
