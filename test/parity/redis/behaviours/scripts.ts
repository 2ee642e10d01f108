/** Scripts. */
import type { Behaviour } from "../script.js";

const quote = (script: string): string => JSON.stringify(script);
const evaluate = (script: string, rest = "0"): string => `EVAL ${quote(script)} ${rest}`;
const scripts = (name: string, ...lines: string[]): Behaviour => ({ feature: "scripts", name, lines });

// One behaviour a line.
// prettier-ignore
export const scriptBehaviours: readonly Behaviour[] = [
  scripts("keys and arguments", evaluate("return {KEYS[1], KEYS[2], ARGV[1]}", "2 a b c"), evaluate("return #KEYS + #ARGV", "1 a b c"), evaluate("return 1", "1"), evaluate("return 1", "-1"), evaluate("return 1", "x")),
  scripts("values to replies", evaluate("return 3.99"), evaluate("return -3.99"), evaluate("return true"), evaluate("return false"), evaluate("return nil"), evaluate("return 'text'"), evaluate("return {1, 'a', {true, false}, 2.7}"), evaluate("return {1, 2, nil, 4}"), evaluate("return {}"), evaluate("return {a = 1}")),
  scripts("replies to values", "SET s v", "RPUSH l a", evaluate("return type(redis.call('get', 's'))"), evaluate("return redis.call('get', 'missing') == false"), evaluate("return redis.call('set', 'k', 'v')"), evaluate("return redis.call('set', 'k', 'v').ok"), evaluate("return redis.call('lrange', 'l', 0, -1)[1]"), evaluate("return redis.call('llen', 'l') + 1"), evaluate("return redis.call('lpop', 'missing', 1) == false")),
  scripts("status and error replies", evaluate("return redis.status_reply('FINE')"), evaluate("return redis.error_reply('MY problem')"), evaluate("return redis.error_reply('single')"), evaluate("return redis.error_reply('-MY problem')"), evaluate("return {ok = 'FINE'}"), evaluate("return {err = 'MY problem'}")),
  scripts("a failing call ends the script and keeps what was done", "SET s abc", evaluate("redis.call('set', 'before', 1); redis.call('incr', 's'); redis.call('set', 'after', 1)"), "EXISTS before after"),
  scripts("pcall hands the error over", "SET s abc", evaluate("return redis.pcall('incr', 's')"), evaluate("return redis.pcall('incr', 's').err"), evaluate("return redis.pcall('nosuch').err"), evaluate("local ok = pcall(redis.call, 'incr', 's') return tostring(ok)")),
  scripts("calls that cannot be", evaluate("return redis.call('nosuch')"), evaluate("return redis.call()"), evaluate("return redis.call({})"), evaluate("return redis.call('get')"), evaluate("return redis.call('subscribe', 'x')"), evaluate("return redis.call('multi')")),
  scripts("errors raised by hand", evaluate("error('boo')"), evaluate("error({err = 'MY boo'})"), evaluate("error('boo', 0)"), evaluate("\n\nerror('third line')")),
  scripts("globals are guarded", evaluate("x = 1"), evaluate("return y"), evaluate("string = 1")),
  scripts("text that is no script", evaluate("return (")),
  scripts("numbers of Lua 5.1", evaluate("return tostring(10 / 2)"), evaluate("return 10 / 3 .. ''"), evaluate("return 2 ^ 53 .. ''"), evaluate("return tostring(65536 * 65536)"), evaluate("return 1700000000123 .. ''"), evaluate("return tostring(1e15)"), evaluate("return 7 % 3 .. ' ' .. -7 % 3 .. ' ' .. 5.5 % 2"), evaluate("return string.format('%d %5.1f %s %q %x %05d %-4d|', 3.7, 2.25, 'a', 'b\"', 255, 42, 7)"), evaluate("return math.floor(3.7) .. ' ' .. math.max(1, 2) .. ' ' .. math.huge"), evaluate("return tostring(tonumber('0x10')) .. tostring(tonumber('1e2')) .. tostring(tonumber('abc'))")),
  scripts("numbers as arguments", evaluate("redis.call('set', 'k', 3.1) return redis.call('get', 'k')"), evaluate("redis.call('set', 'k', 10) return redis.call('get', 'k')"), evaluate("redis.call('set', 'k', 2^53) return redis.call('get', 'k')"), evaluate("redis.call('set', 'k', 10 / 2) return redis.call('get', 'k')"), evaluate("return redis.call('zadd', 'z', 1700000000123 * 4096, 'm')"), "ZSCORE z m"),
  scripts("texts", evaluate("return ('hello world'):upper():sub(1, -2)"), evaluate("return {('a,b,c'):match('(%a),(%a)')}"), evaluate("local t = {} for w in ('x y z'):gmatch('%a') do t[#t + 1] = w end return t"), evaluate("return (('hello'):gsub('l', 'L'))"), evaluate("return {('hello'):find('l')}"), evaluate("return string.rep('ab', 3) .. #'abc'"), evaluate("return table.concat({1, 2, 'x'}, '-')"), evaluate("return {unpack({1, 2, 3}, 2)}"), evaluate("local t = {3, 1, 2} table.sort(t) return t"), evaluate("return {string.byte('AB', 1, 2)}")),
  scripts("JSON", evaluate("return cjson.encode({1, 2, {a = 'x'}})"), evaluate("return cjson.encode({})"), evaluate("return cjson.encode({1.5, 1e20, 'x\"y/', cjson.null, true})"), evaluate("return cjson.decode('[1, 2.5, \"x\", true]')[3]"), evaluate("return cjson.decode('{\"a\": {\"b\": [1, 2]}}').a.b[2]"), evaluate("return tostring(cjson.decode('[null]')[1] == cjson.null)"), evaluate("return cjson.encode(cjson.decode('\"\\\\u00e9\\\\n\"'))"), evaluate("return cjson.decode('[1,')")),
  scripts("MessagePack", evaluate("return cmsgpack.pack({1, -5, 300, 70000, 'abc', 1.5, true, {a = 1}})"), evaluate("return cmsgpack.unpack(cmsgpack.pack({1, 2, 'x'}))"), evaluate("return cmsgpack.pack(2^40, -2^40, -200, -40000)"), evaluate("return {cmsgpack.unpack(cmsgpack.pack(1, 'b'))}")),
  scripts("bits", evaluate("return {bit.band(7, 2), bit.bor(1, 8), bit.bxor(5, 1), bit.bnot(0), bit.lshift(1, 31), bit.rshift(-1, 28), bit.arshift(-8, 1)}"), evaluate("return bit.tohex(255) .. bit.tohex(255, 2) .. bit.tohex(-1, -4)")),
  scripts("records", evaluate("return struct.pack('>I2<I4bs', 258, 1, -1, 'hi')"), evaluate("return {struct.unpack('>I2b', struct.pack('>I2b', 258, -1))}"), evaluate("return struct.size('>I4hd')")),
  scripts("digests", evaluate("return redis.sha1hex('x')"), evaluate("return redis.sha1hex('')")),
  scripts("by digest", `SCRIPT LOAD ${quote("return ARGV[1]")}`, "EVALSHA 098e0f0d1448c0a81dafe820f66d460eb09263da 0 hello", "SCRIPT EXISTS 098e0f0d1448c0a81dafe820f66d460eb09263da ffff", "SCRIPT FLUSH", "EVALSHA 098e0f0d1448c0a81dafe820f66d460eb09263da 0 hello", "SCRIPT FOO"),
  scripts("EVAL also loads", evaluate("return 42"), "EVALSHA 1fa00e76656cc152ad327c13fe365858fd7be306 0", "EVALSHA 1FA00E76656CC152AD327C13FE365858FD7BE306 0"),
  scripts("SELECT inside ends with the script", "SET k zero", evaluate("redis.call('select', 1) redis.call('set', 'k', 'one') return redis.call('get', 'k')"), "GET k"),
  scripts("a script inside a transaction", "MULTI", evaluate("return redis.call('incr', 'n')"), "INCR n", "EXEC"),
  scripts("nothing waits in a script", evaluate("return redis.call('blpop', 'q', 0)"), evaluate("return redis.pcall('xread', 'block', 0, 'streams', 's', '$')")),
  scripts("a push in a script wakes who waits, after its end", "b~> BLPOP q 0", evaluate("redis.call('rpush', 'q', 'a') redis.call('rpush', 'q', 'b') return redis.call('llen', 'q')"), "LRANGE q 0 -1"),
  scripts("random numbers after a seed", evaluate("math.randomseed(0) return tostring(math.random())"), evaluate("return {math.random(100), math.random(5, 10)}"), evaluate("math.randomseed(7) return math.random(1000)")),
];
