/** A socket whose frames a test can read. */
import type { ServerSocket } from "../../../../src/ports/index.js";

export interface RecordingSocket extends ServerSocket {
  bufferedAmount: number;
  readonly texts: string[];
  readonly closes: { readonly code: number | undefined; readonly reason: string | undefined }[];
  /** Sends a frame as the client does. */
  receive(frame: unknown): void;
  /** Ends the connection from the client's side. */
  drop(): void;
  /** Frames that are JSON objects of a type. */
  frames(type?: string): Frame[];
}

interface Frame {
  readonly type: string;
  readonly event: string;
  readonly state: string;
  readonly experiment_id: string;
  readonly seq: number;
  readonly position: number;
  readonly code: string;
}

export function createRecordingSocket(): RecordingSocket {
  const texts: string[] = [];
  const closes: RecordingSocket["closes"] = [];
  let onMessage = (_text: string): void => undefined;
  let onClose = (_code: number, _reason: string): void => undefined;
  return {
    bufferedAmount: 0,
    texts,
    closes,
    send: (text) => void texts.push(text),
    close: (code, reason) => {
      closes.push({ code, reason });
      onClose(code ?? 1000, reason ?? "");
    },
    onMessage: (listener) => void (onMessage = listener),
    onClose: (listener) => void (onClose = listener),
    receive: (frame) => onMessage(typeof frame === "string" ? frame : JSON.stringify(frame)),
    drop: () => onClose(1006, ""),
    frames: (type = "experiment.update") =>
      texts
        .filter((text) => text.startsWith("{"))
        .map((text) => JSON.parse(text) as Frame)
        .filter((frame) => frame.type === type),
  };
}
