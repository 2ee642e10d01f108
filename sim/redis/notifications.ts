/** Keyspace notifications: which events the setting `notify-keyspace-events` lets out, and to which channels. */
import type { Bytes } from "./bytes.js";
import type { EventClass } from "./database.js";
import type { PubSub } from "./pubsub.js";

/** `A` stands for all classes but key misses and new keys. */
const allClasses = "g$lshzxetd";

export function publishKeyEvent(
  pubsub: PubSub,
  setting: string,
  database: number,
  key: Bytes,
  eventClass: EventClass,
  event: string,
): void {
  const wanted = setting.includes(eventClass) || (setting.includes("A") && allClasses.includes(eventClass));
  if (!wanted) return;
  if (setting.includes("K")) pubsub.publish(`__keyspace@${database}__:${key}`, event);
  if (setting.includes("E")) pubsub.publish(`__keyevent@${database}__:${event}`, key);
}
