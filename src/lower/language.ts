/** What is around the operators of a language model: how its tokens lie, what is kept of its logits, its cache. */
import type { Tensor } from '../graph/index.ts'
import type { GraphInterface, InputRole } from '../protocol/messages.ts'
import { cacheLayout } from './cache-layout.ts'
import { inputAt, inputName, type Lowering } from './lowering.ts'
import { cacheNames } from './portable.ts'
import { NEW_ROWS, returnRows } from './rows-attention.ts'

/** Slots by which a shared cache grows: attention over it costs a pass over all slots, a growth a copy of them. */
const CACHE_STEP = 64

const ROLES: Readonly<Record<string, InputRole>> = {
  input_ids: 'input-ids',
  attention_mask: 'attention-mask',
  slot_mask: 'slot-mask',
  position_ids: 'position-ids',
  last_index: 'last-index',
  total_length: 'total-length',
  logits_to_keep: 'logits-to-keep',
}

/** Emits a language model: `logits`, fp32 [batch, kept, vocabulary], beside the cache. Gives how it is driven. */
export function lowerLanguage(lowering: Lowering): GraphInterface {
  const { emit, language, policy } = lowering
  const isOrt = policy.dialect === 'ort'
  lowering.value(language.ids)
  const isTokensFirst = cacheLayout(lowering) === 'rows'
  if (isTokensFirst) putTokensFirst(lowering)
  if (isOrt) keepLastPositions(lowering, isTokensFirst)
  const logits = lowering.cast('logits', lowering.value(language.logits), policy.float, 'f32')
  emit.nodeWith('logits', 'Identity', [logits], ['logits'])
  if (isTokensFirst) returnRows(lowering)
  emit.outputs.unshift({
    name: 'logits',
    type: 'f32',
    shape: ['batch', isOrt ? 'kept' : 'tokens', language.vocabulary],
  })
  return describeInterface(lowering)
}

/**
 * All activations as [tokens, batch, features], by turning the ids and positions: the rows of keys and values are then in the
 * order of a cache of rows as they leave their product, and no layer has to move them.
 */
function putTokensFirst(lowering: Lowering): void {
  const { emit, language } = lowering
  const turn = (input: Tensor) => {
    const turned = emit.node(inputName(input), 'Transpose', [lowering.value(input)], { perm: { ints: [1, 0] } })
    lowering.bind(input, turned)
  }
  turn(language.ids)
  if (lowering.consumers(language.positions).length > 0) turn(language.positions)
}

/** Logits only of the last positions: what the head reads is cut to `logits_to_keep` tokens (0: all), as in transformers. */
function keepLastPositions(lowering: Lowering, isTokensFirst: boolean): void {
  const { emit, language } = lowering
  const hidden = inputAt(language.logits.node, 0)
  emit.inputs.push({ name: 'logits_to_keep', type: 'i64', shape: [1] })
  const start = emit.node('kept', 'Neg', ['logits_to_keep'])
  const end = emit.integers(2 ** 31 - 1)
  const axis = emit.integers(isTokensFirst ? 0 : 1)
  const kept = emit.node('kept', 'Slice', [lowering.value(hidden), start, end, axis])
  lowering.bind(hidden, isTokensFirst ? emit.node('kept', 'Transpose', [kept], { perm: { ints: [1, 0, 2] } }) : kept)
}

function describeInterface(lowering: Lowering): GraphInterface {
  const { language, policy, emit } = lowering
  const roles = emit.inputs.flatMap(({ name }) => (ROLES[name] ? [[name, ROLES[name]] as const] : []))
  const [shape] = language.caches
  const layout = cacheLayout(lowering)
  return {
    roles: Object.fromEntries(roles),
    cache: shape
      ? {
          layout,
          type: policy.float,
          heads: shape.heads,
          headDim: shape.headDim,
          step: CACHE_STEP,
          tensors: language.caches.flatMap((_, layer) => {
            const { pastKey, pastValue, presentKey, presentValue } = cacheNames(layer)
            return [
              { past: pastKey, present: layout === 'rows' ? NEW_ROWS : presentKey },
              { past: pastValue, present: layout === 'rows' ? NEW_ROWS : presentValue },
            ]
          }),
        }
      : null,
    logits: 'logits',
    vocabulary: language.vocabulary,
    positions: language.maxPositions,
  }
}
