/** Tokens of a template, read one after the other. */
import type { TemplateToken } from "./lex-template.js";

export interface TokenStream {
  peek(): TemplateToken;
  next(): TemplateToken;
  skipSpace(): void;
  peekNonSpace(): TemplateToken;
  nextNonSpace(): TemplateToken;
  /** The token that was read last. */
  last(): TemplateToken;
  /** Takes the last token back. */
  back(): void;
  /** A place to return to. */
  mark(): number;
  return(mark: number): void;
}

/** @param tokens - At least one; the last one comes again and again. */
export function createTokenStream(tokens: readonly TemplateToken[]): TokenStream {
  let at = 0;
  const peek = (): TemplateToken => tokens[at] as TemplateToken;
  const next = (): TemplateToken => {
    const token = peek();
    if (at < tokens.length - 1) at += 1;
    return token;
  };
  const skipSpace = (): void => {
    while (peek().kind === "space") next();
  };
  return {
    peek,
    next,
    skipSpace,
    peekNonSpace() {
      skipSpace();
      return peek();
    },
    nextNonSpace() {
      skipSpace();
      return next();
    },
    last: () => tokens[Math.max(0, at - 1)] as TemplateToken,
    back() {
      at -= 1;
    },
    mark: () => at,
    return(mark) {
      at = mark;
    },
  };
}
