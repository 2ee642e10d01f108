/** Notes which operations of an OpenAPI document answered, and how. Measures the scenarios, not the platform. */

/** Which answers of the HTTP API a run has seen. */
export interface ApiCoverage {
  /** Statuses that the OpenAPI document declares, by operation, such as `GET /api/v1/experiments/{id}`. */
  readonly declared: Readonly<Record<string, readonly number[]>>;
  /** Statuses answered, by operation, each once and rising. */
  readonly seen: Readonly<Record<string, readonly number[]>>;
}

/** The part of an OpenAPI document that is read. */
export interface ApiDocument {
  readonly paths?: Readonly<Record<string, object>>;
}

export interface ApiCoverageRecorder {
  /**
   * Notes one answer. Requests that fit no operation of the document are left out.
   *
   * @param path - As requested, with or without a query; an absolute URL will do.
   */
  observe(method: string, path: string, status: number): void;
  read(): ApiCoverage;
}

interface Operation {
  readonly name: string;
  readonly segments: readonly string[];
  readonly statuses: readonly number[];
}

const methods: ReadonlySet<string> = new Set(["get", "put", "post", "delete", "patch", "head", "options"]);

export function createApiCoverage({ paths = {} }: ApiDocument): ApiCoverageRecorder {
  const operations = Object.entries(paths).flatMap(([path, item]) => operationsOf(path, item));
  // Found by method and length, so that each answer of a run under load costs little.
  const byShape = new Map<string, Operation[]>();
  for (const operation of operations) {
    const shape = shapeOf(operation.name.split(" ")[0] ?? "", operation.segments);
    byShape.set(shape, [...(byShape.get(shape) ?? []), operation]);
  }
  // A literal goes before a parameter: /experiments/overlap is not an experiment called overlap.
  for (const group of byShape.values()) group.sort((a, b) => parametersOf(a) - parametersOf(b));
  const seen = new Map<Operation, Set<number>>();

  return {
    observe(method, path, status) {
      const segments = segmentsOf(path);
      const operation = byShape
        .get(shapeOf(method.toUpperCase(), segments))
        ?.find((candidate) => matches(candidate, segments));
      if (operation === undefined) return;
      const statuses = seen.get(operation) ?? new Set();
      seen.set(operation, statuses.add(status));
    },
    read() {
      const declared: Record<string, readonly number[]> = {};
      const answered: Record<string, readonly number[]> = {};
      for (const operation of operations) {
        declared[operation.name] = operation.statuses;
        const statuses = seen.get(operation);
        if (statuses !== undefined) answered[operation.name] = [...statuses].sort((a, b) => a - b);
      }
      return { declared, seen: answered };
    },
  };
}

function operationsOf(path: string, item: object): readonly Operation[] {
  return Object.entries(item)
    .filter(([method]) => methods.has(method))
    .map(([method, operation]: [string, { readonly responses?: object } | undefined]) => ({
      name: `${method.toUpperCase()} ${path}`,
      segments: segmentsOf(path),
      // Ranges such as 4XX and the answer called default name no status that could be seen or missed.
      statuses: Object.keys(operation?.responses ?? {})
        .map(Number)
        .filter((status) => Number.isInteger(status)),
    }));
}

function segmentsOf(path: string): readonly string[] {
  const withoutOrigin = path.replace(/^[a-z]+:\/\/[^/?#]*/i, "");
  const [bare = ""] = withoutOrigin.split(/[?#]/, 1);
  return bare.split("/").filter((segment) => segment !== "");
}

function shapeOf(method: string, segments: readonly string[]): string {
  return `${method} ${segments.length}`;
}

function matches({ segments }: Operation, requested: readonly string[]): boolean {
  return segments.every((segment, index) => isParameter(segment) || segment === requested[index]);
}

function parametersOf({ segments }: Operation): number {
  return segments.filter(isParameter).length;
}

function isParameter(segment: string): boolean {
  return segment.startsWith("{") && segment.endsWith("}");
}
