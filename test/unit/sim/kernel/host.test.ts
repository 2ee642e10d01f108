import { expect, test } from "vitest";

import { advance, createHost } from "../../../../sim/kernel/index.js";
import { createBareWorld } from "../../../support/world.js";

test("code of a dead incarnation stops at its await", async () => {
  const { loop } = createBareWorld();
  const host = createHost(loop, "gateway-0");
  const incarnation = host.boot();
  const seen: string[] = [];
  void (async () => {
    await new Promise<void>((resolve) => {
      incarnation.schedule(10, "timer", "work", resolve);
    });
    seen.push("after the await");
  })();
  host.kill();
  await advance(loop, 20);
  expect(seen).toEqual([]);
  expect([host.state, incarnation.alive, host.boot().number]).toEqual(["down", false, 2]);
});

test("a paused host runs nothing, then everything in order, at the time it resumes", async () => {
  const { loop } = createBareWorld();
  const host = createHost(loop, "node1");
  const incarnation = host.boot();
  const seen: string[] = [];
  incarnation.schedule(10, "timer", "a", () => seen.push(`a at ${Math.round(loop.clock.nowMs)}`));
  incarnation.schedule(20, "timer", "b", () => seen.push(`b at ${Math.round(loop.clock.nowMs)}`));
  host.pause();
  await advance(loop, 100);
  expect(seen).toEqual([]);
  host.resume();
  await advance(loop, 1);
  expect(seen).toEqual(["a at 100", "b at 100"]);
});

test("a host's clock may be off and may run fast; its monotonic clock never steps", async () => {
  const { loop } = createBareWorld();
  const host = createHost(loop, "controller-1");
  host.boot();
  host.clockOffsetMs = -5000;
  await advance(loop, 1000);
  expect(host.now()).toBe(loop.clock.epochMs - 4000);
  host.clockOffsetMs = 250;
  host.clockDrift = 0.5;
  expect(host.monotonic()).toBe(1500);
  expect(host.now()).toBe(loop.clock.epochMs + 1750);
});

test("a fast clock makes its timers fire early by true time", async () => {
  const { loop } = createBareWorld();
  const host = createHost(loop, "controller-1");
  host.clockDrift = 1;
  let firedAt = 0;
  host.boot().schedule(1000, "timer", "tick", () => (firedAt = loop.clock.nowMs));
  await advance(loop, 2000);
  expect(firedAt).toBe(500);
});

test("booting a host that is up is refused", () => {
  const { loop } = createBareWorld();
  const host = createHost(loop, "gateway-0");
  host.boot();
  expect(() => host.boot()).toThrow("Cannot start gateway-0: it is up. [SIM_HOST_STATE]");
});

test("those who asked are told of a death once, also when they ask too late", () => {
  const { loop } = createBareWorld();
  const host = createHost(loop, "gateway-0");
  const incarnation = host.boot();
  let told = 0;
  const forget = incarnation.onDeath(() => (told += 100));
  incarnation.onDeath(() => (told += 1));
  forget();
  host.kill();
  host.kill();
  incarnation.onDeath(() => (told += 1));
  expect(told).toBe(2);
});
