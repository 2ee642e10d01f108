/** The templates of alert labels and annotations. */

export { expandAlertTemplate, parseAlertTemplate } from "./expand.js";
export { TemplateError } from "./tree.js";
