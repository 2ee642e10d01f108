import { expect, test } from "vitest";

import { createListenerList } from "../../../../sim/kernel/host.js";

function listed(names: readonly string[]) {
  const list = createListenerList();
  const called: string[] = [];
  const removers = new Map(names.map((name) => [name, list.add(() => called.push(name))]));
  return { list, called, remove: (name: string) => removers.get(name)?.() };
}

test("listeners are called once, in the order they came", () => {
  const { list, called } = listed(["a", "b", "c"]);
  list.callAll();
  list.callAll();
  expect(called).toEqual(["a", "b", "c"]);
});

test("whoever was removed is not called, wherever in the list and however often it was removed", () => {
  const { list, called, remove } = listed(["a", "b", "c", "d", "e"]);
  for (const name of ["a", "c", "c", "e"]) remove(name);
  list.callAll();
  expect(called).toEqual(["b", "d"]);
});

test("a listener that removes another one on the way is obeyed", () => {
  const list = createListenerList();
  const called: string[] = [];
  list.add(() => {
    called.push("first");
    removeSecond();
  });
  const removeSecond = list.add(() => called.push("second"));
  list.add(() => called.push("third"));
  list.callAll();
  expect(called).toEqual(["first", "third"]);
});
