/** A body that is not valid exposition text; the whole scrape fails with it. */
export class ExpositionError extends Error {
  override readonly name = "ExpositionError";
}
