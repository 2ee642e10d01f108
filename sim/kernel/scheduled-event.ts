/** One event on the agenda. */
import type { EventOwner, LoopEvent } from "./agenda.js";
import type { StepKind } from "./step.js";
import type { Strand } from "./strand.js";

/**
 * A class: V8 would put literals that often live long among the old at once, and with them the closures that are
 * made beside them. Then every request with its body would be kept until the next full collection.
 */
export class ScheduledEvent implements LoopEvent {
  atUs = 0;
  sequence = 0;
  readonly kind: StepKind;
  readonly label: string;
  readonly owner: EventOwner | undefined;
  readonly cause: number;
  readonly digest: number;
  readonly strand: Strand;
  readonly place: number;
  run: (() => void) | undefined;

  constructor(
    kind: StepKind,
    label: string,
    owner: EventOwner | undefined,
    cause: number,
    digest: number,
    strand: Strand,
    run: () => void,
  ) {
    this.kind = kind;
    this.label = label;
    this.owner = owner;
    this.cause = cause;
    this.digest = digest;
    this.strand = strand;
    this.place = strand.length - 1;
    this.run = run;
  }
}
