/** The series store. */
export { Series, type AppendResult } from "./series.js";
export { createStorage, labelNamesOf, labelValuesOf, type Storage, type StorageOptions } from "./storage.js";
