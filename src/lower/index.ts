export { type BlockFormat, type BlockLayout, blocksOfRow, type Content, type FoldedNorm } from './content.ts'
export type { Constant } from './emitter.ts'
export { type LoweredGraph, lower } from './lower.ts'
export { type Policy, policyFor } from './policy.ts'
