/** Help of the option `--world <module>`. */
export const worldOptionHelp =
  "module that exports `world`, options of createPhoenix, and `scenarios`, or one of them";
