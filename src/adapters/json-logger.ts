/** The logger port as one JSON document a line. */
import type { Logger } from "../ports/index.js";

/** @param write - Takes one line, without its end. @param service - Stands in each line. */
export function createJsonLogger(service: string, write: (line: string) => void): Logger {
  const at =
    (level: string): Logger["info"] =>
    (message, fields = {}) =>
      write(JSON.stringify({ time: new Date().toISOString(), level, service, message, ...fields }));
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
