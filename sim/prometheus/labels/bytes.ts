/**
 * Texts as Go holds them: bytes, usually UTF-8, but not always. A byte that is not part of UTF-8 stands in a text of
 * ours as a lone surrogate, U+DC00 plus the byte, which no UTF-8 can stand for.
 */

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const LONE_SURROGATES = new RegExp(LONE_SURROGATE.source, "g");
const SURROGATE = /[\ud800-\udfff]/;

/** Whether a text holds no byte that is not UTF-8. */
export function isUtf8(text: string): boolean {
  return !SURROGATE.test(text) || !LONE_SURROGATE.test(text);
}

/** The same text with U+FFFD for each byte that is not UTF-8, as JSON shows it. */
export function withoutStrayBytes(text: string): string {
  return isUtf8(text) ? text : text.replace(LONE_SURROGATES, "\uFFFD");
}

/** @returns The bytes that a text of ours stands for. */
export function bytesOf(text: string): Uint8Array {
  if (isUtf8(text)) return new TextEncoder().encode(text);
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    if (code >= 0xdc_80 && code <= 0xdc_ff) bytes.push(code & 0xff);
    else bytes.push(...new TextEncoder().encode(character));
  }
  return Uint8Array.from(bytes);
}

/** @returns The text that bytes stand for. */
export function textOfBytes(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoded = text.toString("utf8");
  if (!decoded.includes("\uFFFD")) return decoded;
  let result = "";
  for (let at = 0; at < bytes.length;) {
    const length = utf8Length(bytes, at);
    result +=
      length === 0
        ? String.fromCharCode(0xdc_00 + (bytes[at] as number))
        : text.toString("utf8", at, at + length);
    at += Math.max(1, length);
  }
  return result;
}

/** Bytes of the character that begins there; 0 when none does. */
function utf8Length(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] as number;
  if (lead < 0x80) return 1;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || at + length > bytes.length) return 0;
  const second = bytes[at + 1] as number;
  const lowest = { 0xe0: 0xa0, 0xf0: 0x90 }[lead] ?? 0x80;
  const highest = { 0xed: 0x9f, 0xf4: 0x8f }[lead] ?? 0xbf;
  if (second < lowest || second > highest) return 0;
  for (let index = 2; index < length; index += 1) {
    if (((bytes[at + index] as number) & 0xc0) !== 0x80) return 0;
  }
  return length;
}
