/**
 * Names of what is asked about messages. There are few, for labels hold no ids, and thousands of messages of each:
 * putting the name together anew, and hashing it, is a good part of what a message costs.
 */
import type { Message } from "./message.js";

export interface QuestionNames {
  /** Whether the message is lost. */
  readonly loss: string;
  /** How long it takes. */
  readonly latency: string;
}

/** @returns A function that gives equal messages the same object. */
export function createQuestionNames(): (message: Message) => QuestionNames {
  const bySender = new Map<string, Map<string, Map<string, QuestionNames>>>();
  return ({ from, to, label }) => {
    let byReceiver = bySender.get(from);
    if (byReceiver === undefined) {
      byReceiver = new Map();
      bySender.set(from, byReceiver);
    }
    let byLabel = byReceiver.get(to);
    if (byLabel === undefined) {
      byLabel = new Map();
      byReceiver.set(to, byLabel);
    }
    let names = byLabel.get(label);
    if (names === undefined) {
      const name = `${from}>${to}/${label}`;
      names = { loss: `${name}/loss`, latency: `${name}/latency` };
      byLabel.set(label, names);
    }
    return names;
  };
}
