// Notices of what is bundled: name, version and licence text of each package that a build has taken code from.
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** @returns Folders of the packages that code was taken from, such as `node_modules/pg-mem`, in order. */
export function bundledFolders({ outputs }) {
  const files = Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  );
  return [...new Set(files.flatMap((file) => folderOf(file) ?? []))].sort((a, b) => (a < b ? -1 : 1));
}

// Some packages hold further package.json files, which have no name.
function folderOf(file) {
  if (!file.startsWith("node_modules/")) return undefined;
  for (let folder = dirname(file); folder !== "node_modules"; folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).version !== undefined)
      return folder;
  }
  throw new Error(`${file} belongs to no package`);
}

/** Writes the notices. @throws When a package has neither a licence file nor a licence in its package.json. */
export function writeNotices(metafile, file) {
  const notices = bundledFolders(metafile).map(noticeOf);
  const head = "phoenix-sim contains code of the following packages.\n";
  writeFileSync(file, [head, ...new Set(notices)].join(`\n${"-".repeat(80)}\n\n`));
}

function noticeOf(folder) {
  const { name, version, license, licenses, author, repository } = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  );
  const spdx = license?.type ?? license ?? licenses?.map(({ type }) => type).join(" or ");
  const texts = readdirSync(folder)
    .filter((entry) => /^(?:licen[cs]e|copying|notice)/i.test(entry) && !/\.(?:js|ts|json)$/.test(entry))
    .sort((a, b) => (a < b ? -1 : 1))
    .map((entry) => readFileSync(join(folder, entry), "utf8").trim());
  if (spdx === undefined && texts.length === 0) throw new Error(`${name} has no licence`);
  const by = typeof author === "string" ? author : author?.name;
  const from = repository?.url ?? repository;
  const facts = [
    `${name} ${version}`,
    `License: ${spdx ?? "see below"}`,
    ...(by === undefined ? [] : [`Author: ${by}`]),
    ...(from === undefined ? [] : [`Source: ${from}`]),
  ];
  return `${[facts.join("\n"), ...texts].join("\n\n")}\n`;
}
