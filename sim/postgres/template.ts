/** A schema built once per process, from which servers are made in no time. */
import { createCatalog, type Catalog } from "./catalog/catalog.js";
import type { SequenceState } from "./session/engine.js";
import { parseSql, type ParsedStatement } from "./sql/parse.js";
import type { Row } from "./types/value.js";

/** Schema, rows and parsed statements, shared by the servers made from it. Never changes in a way they could see. */
export interface PostgresTemplate {
  readonly catalog: Catalog;
  readonly rows: ReadonlyMap<number, readonly Row[]>;
  readonly sequences: ReadonlyMap<number, SequenceState>;
  /** Parses a text, or remembers having done so. */
  parse(text: string): readonly ParsedStatement[];
}

/** Texts remembered; a caller that builds SQL from values would fill the memory otherwise. */
const textsMax = 5_000;

export function createTemplateFrom(parts: Omit<PostgresTemplate, "parse">): PostgresTemplate {
  const texts = new Map<string, readonly ParsedStatement[]>();
  return {
    ...parts,
    parse(text) {
      const known = texts.get(text);
      if (known !== undefined) return known;
      const parsed = parseSql(text);
      if (texts.size >= textsMax) texts.clear();
      texts.set(text, parsed);
      return parsed;
    },
  };
}

export function emptyTemplate(): PostgresTemplate {
  return createTemplateFrom({ catalog: createCatalog(), rows: new Map(), sequences: new Map() });
}
