/** What is made when it is first asked for, and never again. */

/** @param make - Must give the same each time: what it gives is kept. */
export function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}
