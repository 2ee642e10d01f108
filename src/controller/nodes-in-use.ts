/** Nodes that are worth a look: those in use, and for a while those that were. */

export interface NodesInUse {
  /** A node is in use now. */
  mark(node: string): void;
  /** Nodes to look at, those marked first before the others. */
  list(): readonly string[];
  /** A node was looked at, or did not answer. Only a look that told something brings it nearer to being forgotten. */
  looked(node: string, answered: boolean): void;
}

interface Left {
  looks: number;
  tries: number;
}

/**
 * @param looksMax - Looks at a node after its last use.
 * @param triesMax - Looks in a row that find nobody, after which a node counts as taken away.
 */
export function createNodesInUse(looksMax: number, triesMax: number): NodesInUse {
  const left = new Map<string, Left>();
  return {
    mark: (node) => void left.set(node, { looks: looksMax, tries: triesMax }),
    list: () => [...left.keys()],
    looked(node, answered) {
      const mine = left.get(node);
      if (mine === undefined) return;
      if (answered) {
        mine.looks -= 1;
        mine.tries = triesMax;
      } else mine.tries -= 1;
      if (mine.looks <= 0 || mine.tries <= 0) left.delete(node);
    },
  };
}
