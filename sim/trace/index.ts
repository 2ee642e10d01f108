/** The trace: what happened, kept for people. The running hash over it is the kernel's. */
export { createRecorder, formatLine } from "./recorder.js";
export type { LogLevel, LogLine, Recorder, RecorderOptions } from "./recorder.js";
export { tellStory } from "./story.js";
export type { StoryParts } from "./story.js";
