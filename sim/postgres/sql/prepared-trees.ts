/**
 * Trees of statements as the parser library gives them, as JSON, by the text that it is given.
 *
 * Empty in the sources. The build puts those of the platform's own statements here, because parsing them takes half
 * the time of the first world of a process; see tools/prepared-trees.mjs.
 */
export const preparedTrees: ReadonlyMap<string, string> = new Map();
