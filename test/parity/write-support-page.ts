/** `npm run support`: writes docs/support.md. */
import { writeFileSync } from "node:fs";

import { supportPage } from "./support-page.js";

writeFileSync("docs/support.md", await supportPage());
