/** The templates of alert labels and annotations. */

export { expandAlertTemplate, parseAlertTemplate, type TemplateData } from "./expand.js";
export { TemplateError } from "./tree.js";
