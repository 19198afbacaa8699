/** Two results side by side: what is not alike, what got better or worse, and whether the samples show it. Pure. */
export type { ComparisonDocument } from './document.ts'
export type { Asked } from './gate.ts'
export { compareGoldens, type GoldenSide } from './goldens.ts'
export { renderMarkdown } from './markdown.ts'
export type { RunSide } from './run-side.ts'
export { compareRuns } from './runs.ts'
export { Samples } from './samples.ts'
export { renderTerminal } from './terminal.ts'
