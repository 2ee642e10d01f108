/** The `onopen` family: one handler a type, which keeps the place it was first set at, as HTML has it. */

type Handler = (this: unknown, event: never) => unknown;

export interface HandlerSlots {
  get(type: string): Handler | null;
  set(type: string, handler: unknown): void;
}

export function createHandlerSlots(target: EventTarget): HandlerSlots {
  const handlers = new Map<string, Handler | null>();
  return {
    get: (type) => handlers.get(type) ?? null,
    set(type, value) {
      const known = handlers.has(type);
      handlers.set(type, typeof value === "function" ? (value as Handler) : null);
      if (known) return;
      target.addEventListener(type, (event) => handlers.get(type)?.call(target, event as never));
    },
  };
}
