/** Functions of Node that a module keeps for itself when it is loaded. */
const now = Date.now;
const { random } = Math;

/** What leaks. */
export const keptLeaks = { now: () => now(), random: () => random() };
