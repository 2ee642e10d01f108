/** Sequences. They never roll back. */
import type { SequenceDef } from "../catalog/catalog.js";
import { DatabaseError } from "../database-error.js";
import type { Engine } from "./engine.js";
import type { SessionState } from "./session-state.js";

/** @throws DatabaseError 2200H at the end of the sequence. */
export function nextSequenceValue(engine: Engine, state: SessionState, sequence: SequenceDef): bigint {
  const current = engine.sequence(sequence);
  let value = current.called ? current.value + sequence.increment : current.value;
  if (value > sequence.max || value < sequence.min) {
    if (!sequence.cycle) {
      const [side, limit] = sequence.increment > 0n ? ["maximum", sequence.max] : ["minimum", sequence.min];
      throw new DatabaseError(
        "2200H",
        `nextval: reached ${side} value of sequence "${sequence.name}" (${limit})`,
      );
    }
    value = sequence.increment > 0n ? sequence.min : sequence.max;
  }
  current.value = value;
  current.called = true;
  state.sequenceValues.set(sequence.id, value);
  state.lastSequence = sequence.id;
  return value;
}

/** @throws DatabaseError 55000 before the first `nextval` of the session. */
export function currentSequenceValue(state: SessionState, sequence: SequenceDef): bigint {
  const value = state.sequenceValues.get(sequence.id);
  if (value === undefined) {
    throw new DatabaseError(
      "55000",
      `currval of sequence "${sequence.name}" is not yet defined in this session`,
    );
  }
  return value;
}

/** @throws DatabaseError 55000 before the first `nextval` of the session. */
export function lastSequenceValue(state: SessionState): bigint {
  const value = state.lastSequence === null ? undefined : state.sequenceValues.get(state.lastSequence);
  if (value === undefined) throw new DatabaseError("55000", "lastval is not yet defined in this session");
  return value;
}

/** @throws DatabaseError 22003 outside the bounds of the sequence. */
export function setSequenceValue(
  engine: Engine,
  state: SessionState,
  sequence: SequenceDef,
  value: bigint,
  called: boolean,
): void {
  if (value < sequence.min || value > sequence.max) {
    throw new DatabaseError(
      "22003",
      `setval: value ${value} is out of bounds for sequence "${sequence.name}" (${sequence.min}..${sequence.max})`,
    );
  }
  const current = engine.sequence(sequence);
  current.value = value;
  current.called = called;
  if (called) state.sequenceValues.set(sequence.id, value);
}
