/** Fills the inputs of a graph that have a role, pass after pass. */
import type { Tensor } from 'onnxruntime-node'
import type { GraphInterface, InputRole } from '../../protocol/messages.ts'
import type { Prompt } from './prompt.ts'
import type { Feeds } from './runtime.ts'
import { ort } from './runtime.ts'

/** The inputs of a pass over one token per row: made once, and written anew for each token. */
interface DecodeInputs {
  readonly ids: BigInt64Array
  readonly positions: BigInt64Array
  readonly lastIndex: Int32Array
  readonly totalLength: Int32Array
  readonly tensors: Readonly<Record<Exclude<InputRole, 'attention-mask'>, Tensor>>
}

export class RoleInputs {
  readonly #roles: readonly [string, InputRole][]
  readonly #prompt: Prompt
  /** The position that each row's next token has: the number of its real tokens. */
  readonly #nextPositions: number[]
  readonly #decode: DecodeInputs
  #mask: BigInt64Array

  constructor(graph: GraphInterface, prompt: Prompt) {
    this.#roles = Object.entries(graph.roles)
    this.#prompt = prompt
    this.#nextPositions = rows(prompt).map(row => row.reduce((sum, bit) => sum + bit, 0))
    this.#decode = decodeInputs(prompt.batch)
    this.#mask = new BigInt64Array(0)
  }

  /** The inputs of a pass over the prompt's tokens [from, to); logits are wanted for its last `keep` positions. */
  fillPrompt(feeds: Feeds, keep: number, from = 0, to = this.#prompt.tokens): void {
    const { batch, tokens, ids, mask } = this.#prompt
    for (const [name, role] of this.#roles) feeds[name] = tensor(role)

    function tensor(role: InputRole): Tensor {
      switch (role) {
        case 'input-ids':
          return int64(columns(ids, tokens, from, to), [batch, to - from])
        case 'attention-mask':
          return int64(columns(BigInt64Array.from(mask, BigInt), tokens, 0, to), [batch, to])
        case 'position-ids':
          return int64(columns(positionsOf(mask, batch, tokens), tokens, from, to), [batch, to - from])
        case 'last-index':
          return int32(
            Int32Array.from(rows({ batch, tokens, mask }), row => row.subarray(0, to).lastIndexOf(1)),
            [batch],
          )
        case 'total-length':
          return int32(Int32Array.of(to), [])
        case 'logits-to-keep':
          return int64(BigInt64Array.of(BigInt(keep)), [1])
      }
    }
  }

  /** The inputs of a pass over one token per row, `past` tokens into the cache. Nothing is allocated but the mask's view. */
  fillToken(feeds: Feeds, chosen: BigInt64Array, past: number): void {
    const { ids, positions, lastIndex, totalLength, tensors } = this.#decode
    const generated = past - this.#prompt.tokens
    ids.set(chosen)
    for (let row = 0; row < lastIndex.length; row++)
      positions[row] = BigInt((this.#nextPositions[row] ?? 0) + generated)
    lastIndex.fill(past)
    totalLength[0] = past + 1
    for (const [name, role] of this.#roles)
      feeds[name] = role === 'attention-mask' ? this.#maskOf(past + 1) : tensors[role]
  }

  /** [batch, total]: the prompt's mask, and 1 for every token since. */
  #maskOf(total: number): Tensor {
    const { batch, tokens, mask } = this.#prompt
    if (this.#mask.length < batch * total) this.#mask = new BigInt64Array(batch * (total + 256)).fill(1n)
    // Rows lie one after another, so that a longer row moves those behind it; rows without padding are all ones.
    if (mask.includes(0))
      for (let row = 0; row < batch; row++)
        for (let slot = 0; slot < total; slot++)
          this.#mask[row * total + slot] = slot < tokens && mask[row * tokens + slot] === 0 ? 0n : 1n
    return int64(this.#mask.subarray(0, batch * total), [batch, total])
  }
}

function decodeInputs(batch: number): DecodeInputs {
  const ids = new BigInt64Array(batch)
  const positions = new BigInt64Array(batch)
  const lastIndex = new Int32Array(batch)
  const totalLength = new Int32Array(1)
  return {
    ids,
    positions,
    lastIndex,
    totalLength,
    tensors: {
      'input-ids': int64(ids, [batch, 1]),
      'position-ids': int64(positions, [batch, 1]),
      'last-index': int32(lastIndex, [batch]),
      'total-length': int32(totalLength, []),
      'logits-to-keep': int64(BigInt64Array.of(1n), [1]),
    },
  }
}

/** Positions count the real tokens of a row: HF transformers' `attention_mask.cumsum(-1) - 1`, and 0 where padded. */
function positionsOf(mask: Uint8Array, batch: number, tokens: number): BigInt64Array {
  const positions = new BigInt64Array(batch * tokens)
  for (let row = 0; row < batch; row++) {
    let next = 0n
    for (let slot = row * tokens; slot < (row + 1) * tokens; slot++) if (mask[slot] === 1) positions[slot] = next++
  }
  return positions
}

function rows({ batch, tokens, mask }: Pick<Prompt, 'batch' | 'tokens' | 'mask'>): Uint8Array[] {
  return Array.from({ length: batch }, (_, row) => mask.subarray(row * tokens, (row + 1) * tokens))
}

/** Columns [from, to) of rows of `width`; the values themselves where that is all of them. */
function columns(values: BigInt64Array, width: number, from: number, to: number): BigInt64Array {
  if (from === 0 && to === width) return values
  const cut = new BigInt64Array((values.length / width) * (to - from))
  for (let row = 0; row < values.length / width; row++)
    cut.set(values.subarray(row * width + from, row * width + to), row * (to - from))
  return cut
}

function int64(values: BigInt64Array, shape: number[]): Tensor {
  return new ort.Tensor('int64', values, shape)
}

function int32(values: Int32Array, shape: number[]): Tensor {
  return new ort.Tensor('int32', values, shape)
}
