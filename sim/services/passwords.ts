/** Checks of passwords that are remembered: slow on purpose in the platform, and the same few in every world. */
import { checkPassword } from "../../src/gateway/index.js";

const rememberedMax = 1_000;

/** @returns The platform's check, which computes the same question only once. */
export function rememberingPasswords(): typeof checkPassword {
  const known = new Map<string, boolean>();
  return (password, stored) => {
    const key = `${stored}\n${password}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const result = checkPassword(password, stored);
    if (known.size >= rememberedMax) known.clear();
    known.set(key, result);
    return result;
  };
}
