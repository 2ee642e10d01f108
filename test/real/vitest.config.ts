import base from "../../vitest.config.js";

// Real servers and real seconds: apart from the tests, by `npm run test:real`.
export default {
  ...base,
  test: { ...base.test, include: ["test/real/**/*.real.ts"], testTimeout: 120_000 },
};
