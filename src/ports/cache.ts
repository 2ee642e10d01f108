/** Redis as a service sees it: the subset of `ioredis` that the platform uses. */
export interface Cache {
  get(key: string): Promise<string | null>;
  /** Sets a key that expires after `ttlMs` milliseconds. */
  set(key: string, value: string, ttlMs: number): Promise<void>;
  del(...keys: string[]): Promise<number>;
  /** @returns How many subscribers got the message. At most once: nobody listening means it is lost. */
  publish(channel: string, message: string): Promise<number>;
  /**
   * Listens until the returned function is called. Survives reconnects, but what was published meanwhile is
   * lost: treat a message as a hint.
   */
  subscribe(channel: string, onMessage: (message: string) => void): () => void;
}
