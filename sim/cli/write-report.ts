/** Writes the report of a campaign, for `merge`. */
import { writeFileSync } from "node:fs";

import { SimError } from "../errors.js";
import type { CampaignReport } from "../explore/index.js";

/**
 * @param file - Undefined writes nothing.
 * @throws SimError `SIM_OPTION_INVALID` when it cannot be written.
 */
export function writeReport(file: string | undefined, report: CampaignReport): void {
  if (file === undefined) return;
  try {
    writeFileSync(file, `${JSON.stringify(report)}\n`);
  } catch (error) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Cannot write the report to ${file}: ${(error as Error).message}.`,
      "Give a file in a folder that exists and may be written to, on a disk that is not full.",
      { cause: error },
    );
  }
}
