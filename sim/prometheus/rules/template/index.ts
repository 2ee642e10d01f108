/** The templates of alert labels and annotations. */
export { expandAlertTemplate, type TemplateData } from "./expand.js";
