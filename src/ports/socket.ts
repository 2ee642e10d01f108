/** The server's end of one WebSocket, a subset of `ws`. Text frames only. */
export interface ServerSocket {
  /** Characters accepted by `send` that the peer has not taken yet. */
  readonly bufferedAmount: number;
  send(text: string): void;
  /** @param code - 1000, or 3000 to 4999. @param reason - At most 123 bytes. */
  close(code?: number, reason?: string): void;
  onMessage(listener: (text: string) => void): void;
  /** Called once, whoever closed and however: 1006 when the connection just broke. */
  onClose(listener: (code: number, reason: string) => void): void;
}

/** The upgrade request that opened the socket. */
export interface SocketRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}
