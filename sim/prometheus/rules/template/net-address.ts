/** Host and port of an address, as Go's `net.SplitHostPort` takes them apart. */

/** @returns Undefined when the text has no port, or more than one. */
export function addressOf(text: string): { readonly host: string; readonly port: string } | undefined {
  const found = /^(?:\[([^[\]]*)\]|([^[\]:]*)):([^[\]:]*)$/.exec(text);
  return found === null ? undefined : { host: found[1] ?? found[2] ?? "", port: found[3] ?? "" };
}
