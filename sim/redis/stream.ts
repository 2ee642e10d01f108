/**
 * The server behind a byte stream, for clients that speak the protocol: `ioredis` through its `Connector`
 * option, `redis-cli` through a TCP socket. Replies keep the order of their commands.
 */
import { Duplex } from "node:stream";
import { createRequestParser, encodeReply } from "./resp.js";
import { error, type RedisReply } from "./reply.js";
import type { ConnectOptions, WireSession } from "./session.js";

/** @param connect - Opens the session of this stream. */
export function createRedisStream(connect: (options: ConnectOptions) => WireSession): Duplex {
  /** Replies not yet sent; the first one may still be waited for. */
  const answers: (RedisReply | undefined)[] = [];
  let first = 0;

  const session = connect({
    onPush: (reply) => send(encodeReply(reply, session.protocol)),
    onClose: () => finish(),
  });

  let output = "";
  let ending = false;
  let scheduled = false;

  /** Asynchronously, for a client that listens only after it wrote; and once for a whole pipeline. */
  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    queueMicrotask(() => {
      scheduled = false;
      if (stream.destroyed || stream.readableEnded) return;
      if (output !== "") stream.push(Buffer.from(output, "latin1"));
      output = "";
      if (ending) stream.push(null);
    });
  }

  function send(text: string): void {
    if (ending && !scheduled) return;
    output += text;
    schedule();
  }

  /** The last answers, of QUIT say, leave before the end does. */
  function finish(): void {
    if (ending) return;
    ending = true;
    schedule();
  }

  function flush(): void {
    for (let reply = answers[0]; reply !== undefined; reply = answers[0]) {
      answers.shift();
      first += 1;
      send(encodeReply(reply, session.protocol));
    }
  }

  function answer(words: readonly string[]): void {
    // What comes after the server has ended the connection is lost, as on a socket.
    if (ending) return;
    const reply = session.executeBytes(words);
    if (!(reply instanceof Promise)) {
      if (answers.length === 0) send(encodeReply(reply, session.protocol));
      else answers.push(reply);
      return;
    }
    const place = first + answers.length;
    answers.push(undefined);
    void reply.then((value) => {
      answers[place - first] = value;
      flush();
    });
  }

  const parser = createRequestParser(answer);
  const stream: Duplex = new Duplex({
    allowHalfOpen: false,
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      try {
        parser.push(chunk.toString("latin1"));
      } catch (problem) {
        send(encodeReply(error(`ERR ${problem instanceof Error ? problem.message : String(problem)}`), 2));
        session.close();
        finish();
      }
      done();
    },
    final(done) {
      session.close();
      finish();
      done();
    },
    destroy(problem, done) {
      session.close();
      done(problem);
    },
  });
  return stream;
}
