/** Errors with the shape that Node gives those of the operating system. */

const errnos: Readonly<Record<string, number>> = {
  ECONNREFUSED: -111,
  ECONNRESET: -104,
  ENOTFOUND: -3008,
  ETIMEDOUT: -110,
};

/** @param syscall - `connect`, `read` or `getaddrinfo`. @param where - Such as `gateway:8080`; shown in the message. */
export function nodeError(code: string, syscall: string, where?: string): Error {
  const error = new Error(`${syscall} ${code}${where === undefined ? "" : ` ${where}`}`);
  return Object.assign(error, { code, errno: errnos[code] ?? -1, syscall });
}
