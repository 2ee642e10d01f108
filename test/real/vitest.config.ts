import base from "../../vitest.config.js";

// Real servers and real seconds: apart from the tests, by `npm run test:real`.
const { projects: _ours, ...shared } = base.test ?? {};

export default {
  ...base,
  test: { ...shared, include: ["test/real/**/*.real.ts"], testTimeout: 120_000 },
};
