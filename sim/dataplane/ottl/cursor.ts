/** A place in the tokens of one OTTL text. */
import { OttlError, tokenize, type Token } from "./tokens.js";

export interface Cursor {
  peek(): Token;
  /** The present token, and on to the next. */
  next(): Token;
  /** Steps over a name or operator if it is the one wanted. */
  accept(wanted: string): boolean;
  /** @throws OttlError when the present token is not the one wanted. */
  expect(wanted: string): void;
  /** Steps over a quoted text. @throws OttlError when there is none. */
  text(): string;
  /** @throws OttlError always, with the text that is being read. */
  fail(problem: string): never;
}

/** @throws OttlError when the text holds a character that fits nowhere. */
export function createCursor(text: string): Cursor {
  const tokens = tokenize(text);
  let position = 0;
  const peek = (): Token => tokens[position] ?? { type: "end", text: "end of text" };
  const next = (): Token => {
    const token = peek();
    position += 1;
    return token;
  };
  const fail = (problem: string): never => {
    throw new OttlError(problem, text);
  };
  const accept = (wanted: string): boolean => {
    const { type, text } = peek();
    const isWanted = text === wanted && (type === "name" || type === "operator");
    if (isWanted) position += 1;
    return isWanted;
  };
  return {
    peek,
    next,
    accept,
    fail,
    expect: (wanted) => {
      if (!accept(wanted)) fail(`expected "${wanted}" before "${peek().text}"`);
    },
    text: () =>
      peek().type === "string" ? next().text : fail(`expected a quoted text before "${peek().text}"`),
  };
}
