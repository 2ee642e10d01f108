import { expect, test } from "vitest";

import { createApiCoverage } from "../../../../sim/scenarios/run-scenario.js";

const document = {
  paths: {
    "/things": { get: { responses: { 200: {} } }, post: { responses: { 201: {}, 400: {}, default: {} } } },
    "/things/{id}": { parameters: [], get: { responses: { 200: {}, 404: {}, "5XX": {} } } },
    "/things/overlap": { get: { responses: { 200: {} } } },
  },
};

test("every operation of the document is declared, with the statuses that it names", () => {
  expect(createApiCoverage(document).read()).toEqual({
    declared: {
      "GET /things": [200],
      "POST /things": [201, 400],
      "GET /things/{id}": [200, 404],
      "GET /things/overlap": [200],
    },
    seen: {},
  });
});

test("an answer counts for its operation, by method, parameters and without the query", () => {
  const coverage = createApiCoverage(document);
  coverage.observe("GET", "/things/7?verbose=1", 404);
  coverage.observe("get", "http://gateway:8080/things/8", 200);
  coverage.observe("GET", "/things/8", 200);
  coverage.observe("POST", "/things/", 418);
  expect(coverage.read().seen).toEqual({ "POST /things": [418], "GET /things/{id}": [200, 404] });
});

test("a literal path goes before a parameter", () => {
  const coverage = createApiCoverage(document);
  coverage.observe("GET", "/things/overlap", 200);
  expect(coverage.read().seen).toEqual({ "GET /things/overlap": [200] });
});

test("what the document does not know is left out", () => {
  const coverage = createApiCoverage(document);
  coverage.observe("DELETE", "/things", 405);
  coverage.observe("GET", "/nowhere", 404);
  expect(coverage.read().seen).toEqual({});
  expect(createApiCoverage({}).read()).toEqual({ declared: {}, seen: {} });
});
