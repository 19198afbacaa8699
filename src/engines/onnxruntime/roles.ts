/** Fills the inputs of a graph that have a role, pass after pass. */
import type { Tensor } from 'onnxruntime-node'
import type { GraphInterface, InputRole } from '../../protocol/messages.ts'
import type { Prompt } from './prompt.ts'
import type { Feeds, TensorClass } from './runtime.ts'

/** The inputs of a pass over one token per row: made once, and written anew for each token. */
interface DecodeInputs {
  readonly ids: BigInt64Array
  readonly positions: BigInt64Array
  readonly lastIndex: Int32Array
  readonly totalLength: Int32Array
  readonly tensors: Readonly<Record<Exclude<InputRole, MaskRole>, Tensor>>
}

type MaskRole = 'attention-mask' | 'slot-mask'

/** A part of the prompt: its tokens [from, to) after a past of `slots` slots; logits are wanted for its last `keep` positions. */
interface Part {
  readonly keep: number
  readonly from?: number
  readonly to?: number
  readonly slots: number
}

export class RoleInputs {
  readonly #Tensor: TensorClass
  readonly #roles: readonly [string, InputRole][]
  readonly #prompt: Prompt
  readonly #promptMask: BigInt64Array
  /** The position that each row's next token has: the number of its real tokens. */
  readonly #nextPositions: number[]
  readonly #decode: DecodeInputs
  /** Written anew for each pass. */
  readonly #masks = { 'attention-mask': new BigInt64Array(0), 'slot-mask': new BigInt64Array(0) }

  constructor(Tensor: TensorClass, graph: GraphInterface, prompt: Prompt) {
    this.#Tensor = Tensor
    this.#roles = Object.entries(graph.roles)
    this.#prompt = prompt
    this.#promptMask = BigInt64Array.from(prompt.mask, BigInt)
    this.#nextPositions = rows(prompt).map(row => row.reduce((sum, bit) => sum + bit, 0))
    this.#decode = decodeInputs(Tensor, prompt.batch)
  }

  /** The inputs of a pass over a part of the prompt. */
  fillPrompt(feeds: Feeds, { keep, from = 0, to = this.#prompt.tokens, slots }: Part): void {
    const { batch, tokens, ids, mask, positions } = this.#prompt
    const tensor = (role: InputRole): Tensor => {
      switch (role) {
        case 'input-ids':
          return int64(this.#Tensor, columns(ids, tokens, from, to), [batch, to - from])
        case 'attention-mask':
          return this.#maskOf(role, from, from, to - from)
        case 'slot-mask':
          return this.#maskOf(role, from, slots, to - from)
        case 'position-ids':
          return int64(this.#Tensor, columns(positions ?? positionsOf(mask, batch, tokens), tokens, from, to), [
            batch,
            to - from,
          ])
        case 'last-index':
          return int32(
            this.#Tensor,
            Int32Array.from(rows({ batch, tokens, mask }), row => row.subarray(0, to).lastIndexOf(1)),
            [batch],
          )
        case 'total-length':
          return int32(this.#Tensor, Int32Array.of(to), [])
        case 'logits-to-keep':
          return int64(this.#Tensor, BigInt64Array.of(BigInt(keep)), [1])
      }
    }
    for (const [name, role] of this.#roles) feeds[name] = tensor(role)
  }

  /** The inputs of a pass over one token per row, `past` tokens into a cache of `slots`. Nothing is allocated but the mask's view. */
  fillToken(feeds: Feeds, chosen: BigInt64Array, past: number, slots: number): void {
    const { ids, positions, lastIndex, totalLength, tensors } = this.#decode
    const generated = past - this.#prompt.tokens
    ids.set(chosen)
    for (let row = 0; row < lastIndex.length; row++)
      positions[row] = BigInt((this.#nextPositions[row] ?? 0) + generated)
    lastIndex.fill(past)
    totalLength[0] = past + 1
    const tensor = (role: InputRole): Tensor => {
      if (role === 'attention-mask') return this.#maskOf(role, past, past, 1)
      return role === 'slot-mask' ? this.#maskOf(role, past, slots, 1) : tensors[role]
    }
    for (const [name, role] of this.#roles) feeds[name] = tensor(role)
  }

  /** [batch, slots + tokens]: the past's mask, zeros for empty slots, and the mask of the tokens of this pass. */
  #maskOf(role: MaskRole, past: number, slots: number, tokens: number): Tensor {
    const { batch, tokens: prompted } = this.#prompt
    const width = slots + tokens
    if (this.#masks[role].length < batch * width) this.#masks[role] = new BigInt64Array(batch * (width + 256))
    const mask = this.#masks[role]
    const real = (row: number, from: number, to: number, at: number) => {
      const start = row * prompted
      const known = this.#promptMask.subarray(start + Math.min(from, prompted), start + Math.min(to, prompted))
      mask.set(known, at)
      mask.fill(1n, at + known.length, at + to - from) // what was generated is real
    }
    for (let row = 0; row < batch; row++) {
      const start = row * width
      real(row, 0, past, start)
      mask.fill(0n, start + past, start + slots)
      real(row, past, past + tokens, start + slots)
    }
    return int64(this.#Tensor, mask.subarray(0, batch * width), [batch, width])
  }
}

function decodeInputs(Tensor: TensorClass, batch: number): DecodeInputs {
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
      'input-ids': int64(Tensor, ids, [batch, 1]),
      'position-ids': int64(Tensor, positions, [batch, 1]),
      'last-index': int32(Tensor, lastIndex, [batch]),
      'total-length': int32(Tensor, totalLength, []),
      'logits-to-keep': int64(Tensor, BigInt64Array.of(1n), [1]),
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

function int64(Tensor: TensorClass, values: BigInt64Array, shape: number[]): Tensor {
  return new Tensor('int64', values, shape)
}

function int32(Tensor: TensorClass, values: Int32Array, shape: number[]): Tensor {
  return new Tensor('int32', values, shape)
}
