/** Parameters as they come over the wire. */
import { unsupported } from "../execute/unsupported.js";
import { bindValue } from "../session/bind.js";
import { byteaType, textType } from "../types/builtin.js";
import type { PgType } from "../types/type.js";
import type { Value } from "../types/value.js";
import type { MessageReader } from "./decode.js";

export function readParameter(body: MessageReader, type: PgType, format = 0): Value {
  const length = body.int32();
  if (length < 0) return null;
  const bytes = body.bytes(length);
  if (format === 0) return bindValue(Buffer.from(bytes).toString("utf8"), type);
  if (type.oid === byteaType.oid) return Uint8Array.from(bytes);
  if (type.category === "text" || type.oid === textType.oid) return Buffer.from(bytes).toString("utf8");
  throw unsupported(`a binary parameter of type ${type.name}`);
}
