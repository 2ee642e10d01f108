/** Shapes in which the time that messages take decides: late, reordered, twice. */
import type { Shape } from "./lab.js";

export const lateReply: Shape = {
  name: "late-reply",
  fault: "After a timeout the next question takes the late answer to the first for its own.",
  build(lab) {
    let expecting = "";
    let answer = "";
    const ask = (question: string): void => {
      expecting = question;
      lab.send(`ask-${question}`, "server", { delayMs: 1, jitterMs: 8 }, () =>
        lab.send(`answer-${question}`, "client", { delayMs: 1, jitterMs: 8 }, () => {
          if (expecting !== "" && answer === "") answer = `${question} for ${expecting}`;
        }),
      );
    };
    lab.task("client", async (at) => {
      await at("client");
      ask("first");
      await new Promise<void>((resolve) => void lab.timer("timeout", "client", 10, resolve));
      if (answer !== "") return;
      ask("second");
      await new Promise<void>((resolve) => void lab.timer("timeout", "client", 20, resolve));
    });
    return () => (answer === "first for second" ? "an answer went to the wrong question" : undefined);
  },
};

export const reorderedMessages: Shape = {
  name: "reordered-messages",
  fault: "The last message to arrive wins, not the last to be sent.",
  build(lab) {
    let version = 0;
    lab.task("sender", async (at) => {
      for (let i = 1; i <= 3; i++) {
        await at("sender");
        lab.send(`version-${i}`, "receiver", { delayMs: 1, jitterMs: 4 }, () => {
          version = i;
        });
        await new Promise<void>((resolve) => void lab.timer("pause", "sender", 2, resolve));
      }
      await new Promise<void>((resolve) => void lab.timer("settled", "sender", 20, resolve));
    });
    return () => (version === 3 ? undefined : `version ${version} won`);
  },
};

export const duplicatedDelivery: Shape = {
  name: "duplicated-delivery",
  fault: "A request whose answer comes too late is sent again and counted twice.",
  build(lab) {
    let effects = 0;
    let done: (() => void) | undefined;
    let cancelResend = (): void => {};
    const request = (): void => {
      lab.send("request", "server", { delayMs: 1, jitterMs: 4 }, () => {
        effects += 1;
        if (lab.strikes("answer-lost", 0.05)) return;
        lab.send("answer", "client", { delayMs: 1, jitterMs: 4 }, () => done?.());
      });
    };
    lab.task("client", async (at) => {
      await at("client");
      await new Promise<void>((resolve) => {
        done = () => {
          cancelResend();
          resolve();
        };
        request();
        cancelResend = lab.timer("resend", "client", 9, request);
      });
    });
    lab.task("end", async () => new Promise<void>((resolve) => void lab.timer("end", "client", 40, resolve)));
    return () => (effects === 1 ? undefined : `one request had ${effects} effects`);
  },
};

export const expiredLease: Shape = {
  name: "expired-lease",
  fault: "A holder whose lease has run out while it was slow still writes.",
  build(lab) {
    let holder = "";
    let expiresAt = 0;
    let broken = false;
    for (const name of ["a", "b"]) {
      lab.task(name, async (at) => {
        for (let attempt = 0; attempt < 3; attempt++) {
          await at("lease");
          if (lab.now() >= expiresAt) {
            holder = name;
            expiresAt = lab.now() + 6;
            for (let i = 0; i < 4; i++) await at(name);
            await at("store");
            broken ||= holder !== name;
            return;
          }
          await new Promise<void>((resolve) => void lab.timer("retry", name, 5, resolve));
        }
      });
    }
    return () => (broken ? "a holder of an old lease wrote" : undefined);
  },
};
