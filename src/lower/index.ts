export type { BlockFormat, BlockLayout, Content } from './content.ts'
export type { Constant } from './emitter.ts'
export { type LoweredGraph, lower } from './lower.ts'
export { LOWERABLE, type Policy, policyFor } from './policy.ts'
