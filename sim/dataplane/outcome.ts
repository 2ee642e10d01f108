/** How the agent's parts answer: a status and a JSON value. */
export interface Outcome {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export const refuse = (
  status: number,
  error: string,
  more: Readonly<Record<string, unknown>> = {},
): Outcome => ({
  status,
  body: { error, ...more },
});
