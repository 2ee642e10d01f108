/**
 * What the real servers answered, stored in test/parity/recordings: for each suite the answers as JSON in brotli, and in
 * manifest.json what was asked of whom. `npm run parity -- --record` writes them where the servers are; the tests replay
 * them everywhere.
 */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";

/** The scripts of one recording. The answer to each is stored at the same index. */
export interface Suite<Script> {
  readonly name: string;
  /** Which server the answers come from, with the version that is followed, such as `Redis 7.0`. */
  readonly server: string;
  /** Where the scripts come from. */
  readonly generator: string;
  /** Of random scripts. */
  readonly seed?: number;
  readonly scripts: readonly Script[];
}

interface Entry {
  /** The exact version that answered. */
  readonly version: string;
  readonly server: string;
  readonly generator: string;
  readonly seed?: number;
  readonly scripts: number;
  readonly scriptsSha256: string;
  readonly answersSha256: string;
}

type Manifest = Readonly<Record<string, Entry>>;

const folder = "test/parity/recordings";
const manifestFile = path.join(folder, "manifest.json");

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** JSON with the keys in one order, however they were set. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    item !== null && typeof item === "object" && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}

/** A value as it comes back from a recording. */
export function asRecorded(value: unknown): unknown {
  return JSON.parse(canonical(value));
}

function readManifest(): Manifest {
  return JSON.parse(readFileSync(manifestFile, "utf8")) as Manifest;
}

function fileOf(name: string): string {
  return path.join(folder, `${name}.json.br`);
}

/**
 * @returns What the real server answered to each script.
 * @throws Error when the scripts are not those that were recorded, or the file is not the one of the manifest.
 */
export function readRecording({ name, server, generator, scripts }: Suite<unknown>): readonly unknown[] {
  const again = `Run "npm run parity -- --record=${name}" where ${server} is installed, and commit ${folder}.`;
  const entry = readManifest()[name];
  if (entry === undefined) throw new Error(`There is no recording "${name}". ${again}`);
  if (entry.scriptsSha256 !== sha256(canonical(scripts))) {
    throw new Error(
      `The recording "${name}" no longer fits its scripts (${generator}): ${entry.scripts} were recorded, ` +
        `and what is asked now (${scripts.length}) is not the same. ${again}`,
    );
  }
  const text = brotliDecompressSync(readFileSync(fileOf(name))).toString("utf8");
  if (entry.answersSha256 !== sha256(text)) {
    throw new Error(`${fileOf(name)} is not the file that ${manifestFile} was written with. ${again}`);
  }
  return JSON.parse(text) as unknown[];
}

/** @returns Bytes written; a file whose answers have not changed stays as it is. */
export function writeRecording(suite: Suite<unknown>, version: string, answers: readonly unknown[]): number {
  const { name, scripts, ...about } = suite;
  const text = canonical(answers);
  const manifest = readManifest();
  const entry: Entry = {
    ...about,
    version,
    scripts: scripts.length,
    scriptsSha256: sha256(canonical(scripts)),
    answersSha256: sha256(text),
  };
  const entries = Object.entries({ ...manifest, [name]: entry }).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const unchanged = manifest[name]?.answersSha256 === entry.answersSha256;
  const bytes = unchanged
    ? readFileSync(fileOf(name))
    : brotliCompressSync(text, {
        params: {
          [constants.BROTLI_PARAM_SIZE_HINT]: text.length,
          [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
        },
      });
  if (!unchanged) writeFileSync(fileOf(name), bytes);
  writeFileSync(manifestFile, `${JSON.stringify(Object.fromEntries(entries), undefined, 2)}\n`);
  return bytes.length;
}
