/**
 * Coverage of the HTTP API: which operations of the OpenAPI document answered, and with which statuses.
 *
 * An operation is covered once it has answered with success. A refusal proves only that the door is shut: a walk
 * over every route without a token would otherwise count as a test of all of them.
 */
import type { ApiCoverage } from "../scenarios/index.js";

export interface CoverageSummary {
  /** Operations that the document declares. */
  readonly operations: number;
  /** Those of them that answered with a status below 400. */
  readonly covered: number;
  /** Pairs of operation and status that the document declares. */
  readonly answers: number;
  /** Those of them that were seen. */
  readonly answersSeen: number;
  /** Operations not covered, in the order of the document. */
  readonly missing: string[];
  /** Answers seen that the document does not declare, such as `GET /health 418`. */
  readonly undeclared: string[];
}

/** @returns The union: everything declared, and everything seen, by any part. */
export function mergeCoverage(parts: readonly ApiCoverage[]): ApiCoverage {
  return {
    declared: union(parts.map(({ declared }) => declared)),
    seen: union(parts.map(({ seen }) => seen)),
  };
}

export function summarizeCoverage({ declared, seen }: ApiCoverage): CoverageSummary {
  const operations = Object.keys(declared);
  const missing = operations.filter((operation) => !succeeded(seen[operation]));
  const answers = pairs(declared);
  const answersSeen = pairs(seen);
  const known = new Set(answers);
  const met = new Set(answersSeen);
  return {
    operations: operations.length,
    covered: operations.length - missing.length,
    answers: answers.length,
    answersSeen: answers.filter((answer) => met.has(answer)).length,
    missing,
    undeclared: answersSeen.filter((answer) => !known.has(answer)),
  };
}

/** @returns How many operations have answered with a status below 400. */
export function countCovered(seen: Readonly<Record<string, readonly number[]>>): number {
  return Object.values(seen).filter(succeeded).length;
}

function succeeded(statuses: readonly number[] = []): boolean {
  return statuses.some((status) => status < 400);
}

function pairs(statusesOf: Readonly<Record<string, readonly number[]>>): readonly string[] {
  return Object.entries(statusesOf).flatMap(([operation, statuses]) =>
    statuses.map((status) => `${operation} ${status}`),
  );
}

function union(
  maps: readonly Readonly<Record<string, readonly number[]>>[],
): Record<string, readonly number[]> {
  const found = new Map<string, Set<number>>();
  for (const [operation, statuses] of maps.flatMap((map) => Object.entries(map))) {
    const known = found.get(operation) ?? new Set();
    for (const status of statuses) known.add(status);
    found.set(operation, known);
  }
  return Object.fromEntries(
    [...found].map(([operation, statuses]) => [operation, [...statuses].sort((a, b) => a - b)]),
  );
}
