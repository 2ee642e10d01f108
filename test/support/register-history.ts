/** Histories of registers that are right by construction, of any size. */
import {
  type Operation,
  type RegisterInput,
  type RegisterOutput,
  registerModel,
} from "../../sim/world/invariants/index.js";
import { createStreams } from "../../sim/kernel/index.js";

type RegisterCall = Operation<RegisterInput<number>, RegisterOutput<number>>;

const register = registerModel<number>(0);

/** Calls of 10 clients, each in effect at a random moment of its time; one answer in a hundred is lost. */
export function rightHistory(operations: number, keys: number, seed: number): readonly RegisterCall[] {
  const streams = createStreams(seed);
  const sample = (n: number): number => Math.floor((streams.next("history") / 2 ** 32) * n);
  const clientsFreeAt = Array.from({ length: 10 }, () => 0);
  const planned = Array.from({ length: operations }, (_, index) => {
    const client = index % 10;
    const calledAt = (clientsFreeAt[client] ?? 0) + sample(5);
    const effectAt = calledAt + sample(20);
    const endsAt = effectAt + sample(20);
    clientsFreeAt[client] = endsAt + 1;
    return {
      client,
      calledAt,
      effectAt,
      endsAt,
      key: `k${sample(keys)}`,
      kind: sample(3),
      value: sample(4),
      lost: sample(100) === 0,
    };
  });
  const states = new Map<string, number>();
  return [...planned]
    .sort((a, b) => a.effectAt - b.effectAt)
    .map(({ client, calledAt, endsAt, key, kind, value, lost }) => {
      const state = states.get(key) ?? 0;
      const input: RegisterInput<number> =
        kind === 0
          ? { kind: "read" }
          : kind === 1
            ? { kind: "write", value }
            : { kind: "compare-and-set", from: value, to: (value + 1) % 4 };
      const [next] = register.apply(state, input, undefined);
      states.set(key, next ?? state);
      const output = kind === 0 ? state : kind === 1 ? null : state === value;
      return {
        key,
        client: `c${client}`,
        input,
        calledAt,
        outcome: lost ? undefined : { at: endsAt, output },
      };
    });
}
