/** Every single behaviour that is compared. */
import type { Script } from "../transcript.js";
import { expressions } from "./expressions.js";
import { sessions } from "./sessions.js";
import { tables } from "./tables.js";

export const behaviours: readonly Script[] = [...expressions, ...tables, ...sessions];
