import type { CacheLayout } from '../protocol/messages.ts'
import { hasFusedAttention } from './fused-attention.ts'
import type { Lowering } from './lowering.ts'
import { canReturnRows } from './rows-attention.ts'

/**
 * How the caches of a graph are fed and returned: one way for all layers, by the policy and by what every attention allows. A graph
 * without caches has nothing to return.
 */
export function cacheLayout(lowering: Lowering): CacheLayout['layout'] {
  const { dialect, ort } = lowering.policy
  if (dialect === 'portable' || lowering.language.caches.length === 0) return 'append'
  if (ort.attention === 'rows' && ort.hasFusedMatMul && canReturnRows(lowering)) return 'rows'
  return ort.attention === 'fused' && hasFusedAttention(lowering) ? 'shared' : 'append'
}
