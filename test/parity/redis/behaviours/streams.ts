/** Streams and consumer groups. */
import type { Behaviour } from "../script.js";

const streams = (name: string, ...lines: string[]): Behaviour => ({ feature: "streams", name, lines });
const groups = (name: string, ...lines: string[]): Behaviour => ({ feature: "consumer groups", name, lines });

// One behaviour a line.
// prettier-ignore
export const streamBehaviours: readonly Behaviour[] = [
  streams("ids rise", "XADD s 1-1 a 1", "XADD s 1-1 a 2", "XADD s 0-5 a 3", "XADD s 1-* a 4", "XADD s 2 a 5", "XADD s 0-0 a 6", "#> XADD s * a 7", "XLEN s", "XLEN missing"),
  streams("what is no id", "XADD s abc a 1", "XADD s 1-2-3 a 1", "XADD s -1 a 1", "XADD s 1-1 a", "XADD s 1-1", "XRANGE s x +"),
  streams("the greatest id is the last", "XADD s 18446744073709551615-18446744073709551615 a 1", "XADD s * a 2", "XADD s 18446744073709551616-1 a 2"),
  streams("ranges", "XADD s 1-1 a 1", "XADD s 1-2 b 2", "XADD s 2-1 c 3", "XRANGE s - +", "XRANGE s 1 1", "XRANGE s (1-1 +", "XRANGE s - + COUNT 1", "XREVRANGE s + -", "XREVRANGE s + - COUNT 2", "XREVRANGE s 1 -", "XRANGE s - + COUNT 0", "XRANGE missing - +", "XRANGE s + -"),
  streams("deleting", "XADD s 1-1 a 1", "XADD s 2-1 a 2", "XDEL s 1-1 9-9", "XLEN s", "XDEL s 2-1", "EXISTS s", "XADD s 1-5 a 1", "XDEL missing 1-1", "XDEL s x"),
  streams("trimming by length and by id", "XADD s 1-1 a 1", "XADD s 2-1 a 2", "XADD s 3-1 a 3", "XTRIM s MAXLEN 2", "XTRIM s MINID 3", "XRANGE s - +", "XADD s MAXLEN 1 4-1 a 4", "XLEN s", "XTRIM s MAXLEN -1", "XTRIM s FOO 1", "XTRIM s MAXLEN = 5 LIMIT 2"),
  streams("approximate trimming keeps whole nodes", "XADD s 1-1 a 1", "XADD s MAXLEN ~ 1 2-1 a 2", "XLEN s", "XTRIM s MAXLEN ~ 0 LIMIT 10"),
  streams("NOMKSTREAM", "XADD s NOMKSTREAM 1-1 a 1", "EXISTS s"),
  streams("XREAD gives what is newer", "XADD s 1-1 a 1", "XADD s 2-1 b 2", "XREAD STREAMS s 0", "XREAD COUNT 1 STREAMS s 0", "XREAD STREAMS s 1-1", "XREAD STREAMS s 2-1", "XREAD STREAMS s $", "XREAD STREAMS s missing 0 0", "XREAD COUNT 1 STREAMS s s 0 1-1"),
  streams("XREAD in wrong words", "XREAD STREAMS s", "XREAD STREAMS a b 0", "XREAD COUNT x STREAMS s 0", "XREAD STREAMS s >", "XREAD GROUP g c STREAMS s 0", "XREAD BLOCK -1 STREAMS s 0", "XREAD BLOCK x STREAMS s 0", "SET k 1", "XREAD STREAMS k 0"),
  streams("XINFO STREAM tells counts", "XADD s 1-1 a 1", "XADD s 2-1 a 2", "XDEL s 1-1", "#> XINFO STREAM s", "XINFO STREAM missing"),
  streams("streams refuse other types", "SET s 1", "XADD s 1-1 a 1", "XLEN s", "XRANGE s - +", "XTRIM s MAXLEN 1", "XDEL s 1-1"),
  groups("creating", "XGROUP CREATE s g 0", "XGROUP CREATE s g 0 MKSTREAM", "XGROUP CREATE s g 0", "XGROUP CREATE s g2 $", "XGROUP CREATE s g3 abc", "XGROUP DESTROY s g2", "XGROUP DESTROY s g2", "XGROUP DESTROY missing g"),
  groups("each entry goes to one consumer", "XADD s 1-1 a 1", "XADD s 2-1 a 2", "XGROUP CREATE s g 0", "XREADGROUP GROUP g alice COUNT 1 STREAMS s >", "XREADGROUP GROUP g bob STREAMS s >", "XREADGROUP GROUP g bob STREAMS s >", "XREADGROUP GROUP g alice STREAMS s 0", "XREADGROUP GROUP g bob STREAMS s 0"),
  groups("acknowledging", "XADD s 1-1 a 1", "XGROUP CREATE s g 0", "XREADGROUP GROUP g c STREAMS s >", "XACK s g 1-1 2-2", "XACK s g 1-1", "XREADGROUP GROUP g c STREAMS s 0", "XACK missing g 1-1", "XACK s nog 1-1"),
  groups("NOACK keeps nothing pending", "XADD s 1-1 a 1", "XGROUP CREATE s g 0", "XREADGROUP GROUP g c NOACK STREAMS s >", "XPENDING s g"),
  groups("pending in sum and in detail", "XADD s 1-1 a 1", "XADD s 2-1 a 2", "XGROUP CREATE s g 0", "XREADGROUP GROUP g bob COUNT 1 STREAMS s >", "XREADGROUP GROUP g alice STREAMS s >", "XPENDING s g", "XPENDING s g - + 10 nobody", "XPENDING s g IDLE 100000 - + 10", "XPENDING s nog", "XPENDING s g - +", "XPENDING s g (2-1 + 10"),
  groups("a deleted entry stays pending", "XADD s 1-1 a 1", "XGROUP CREATE s g 0", "XREADGROUP GROUP g c STREAMS s >", "XDEL s 1-1", "XREADGROUP GROUP g c STREAMS s 0", "XPENDING s g"),
  groups("claiming", "XADD s 1-1 a 1", "XGROUP CREATE s g 0", "XREADGROUP GROUP g a STREAMS s >", "XCLAIM s g b 0 1-1", "XCLAIM s g b 100000 1-1", "XCLAIM s g c 0 1-1 JUSTID", "XCLAIM s g c 0 9-9", "XCLAIM s g c 0 9-9 FORCE", "XPENDING s g", "XCLAIM s nog c 0 1-1", "XCLAIM s g c x 1-1"),
  groups("claiming what stays behind", "XADD s 1-1 a 1", "XADD s 2-1 a 2", "XADD s 3-1 a 3", "XGROUP CREATE s g 0", "XREADGROUP GROUP g a STREAMS s >", "XDEL s 2-1", "XAUTOCLAIM s g b 0 0 COUNT 1", "XAUTOCLAIM s g b 0 1-1 COUNT 2", "XAUTOCLAIM s g b 0 0", "XAUTOCLAIM s g b 0 0 COUNT 0", "XAUTOCLAIM s g b 100000 0 JUSTID"),
  groups("consumers come and go", "XADD s 1-1 a 1", "XGROUP CREATE s g 0", "XGROUP CREATECONSUMER s g c", "XGROUP CREATECONSUMER s g c", "XREADGROUP GROUP g c STREAMS s >", "XGROUP DELCONSUMER s g c", "XGROUP DELCONSUMER s g c", "XPENDING s g", "XGROUP CREATECONSUMER s nog c"),
  groups("a consumer is made when it is answered something", "XGROUP CREATE s g 0 MKSTREAM", "XGROUP CREATE t g 0 MKSTREAM", "XADD t 1-1 a 1", "XREADGROUP GROUP g c STREAMS s >", "XINFO GROUPS s", "XREADGROUP GROUP g c STREAMS s t > >", "XINFO GROUPS s", "XINFO GROUPS t", "XREADGROUP GROUP g d STREAMS t >", "XINFO GROUPS t", "XREADGROUP GROUP g d STREAMS s 0", "XINFO GROUPS s", "b~> XREADGROUP GROUP g e BLOCK 0 STREAMS t >", "XINFO GROUPS t", "XADD t 2-1 a 2", "XINFO GROUPS t"),
  groups("SETID moves the group", "XADD s 1-1 a 1", "XGROUP CREATE s g $", "XREADGROUP GROUP g c STREAMS s >", "XGROUP SETID s g 0", "XREADGROUP GROUP g c STREAMS s >", "XGROUP SETID s nog 0"),
  groups("XINFO GROUPS and CONSUMERS", "XADD s 1-1 a 1", "XGROUP CREATE s g 0", "XREADGROUP GROUP g c STREAMS s >", "XINFO GROUPS s", "#> XINFO CONSUMERS s g", "XINFO CONSUMERS s nog", "XINFO GROUPS missing", "XINFO FOO s"),
  groups("reading in wrong words", "XREADGROUP GROUP g c STREAMS s >", "XADD s 1-1 a 1", "XREADGROUP GROUP g c STREAMS s >", "XGROUP CREATE s g 0", "XREADGROUP GROUP g c STREAMS s $", "XREADGROUP GROUP g c STREAMS s", "XREADGROUP COUNT 1 BLOCK 1 NOACK STREAMS s >", "XGROUP FOO s"),
];
