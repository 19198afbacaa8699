import { Tensor } from 'onnxruntime-node'
import { expect, test } from 'vitest'
import type { GraphInterface } from '../../protocol/messages.ts'
import type { Prompt } from './prompt.ts'
import { RoleInputs } from './roles.ts'
import type { Feeds } from './runtime.ts'

const graph: GraphInterface = {
  roles: { attention_mask: 'attention-mask', slot_mask: 'slot-mask', position_ids: 'position-ids', ids: 'input-ids' },
  cache: null,
  logits: 'logits',
  vocabulary: 10,
  positions: 100,
}

/** Two rows of three tokens, the first padded on its left. */
const prompt: Prompt = {
  batch: 2,
  tokens: 3,
  ids: BigInt64Array.of(0n, 4n, 5n, 6n, 7n, 8n),
  mask: Uint8Array.of(0, 1, 1, 1, 1, 1),
  positions: null,
  extras: {},
}

const valuesOf = (feeds: Feeds, name: string) => Array.from(feeds[name]?.data as BigInt64Array, Number)

test('a part of a prompt sees the real tokens before it, and no empty slot', () => {
  const feeds: Feeds = {}
  new RoleInputs(Tensor, graph, prompt).fillPrompt(feeds, { keep: 1, from: 2, slots: 4 })
  expect(valuesOf(feeds, 'attention_mask')).toEqual([0, 1, 1, 1, 1, 1])
  expect(valuesOf(feeds, 'slot_mask')).toEqual([0, 1, 0, 0, 1, 1, 1, 0, 0, 1])
  expect(feeds['slot_mask']?.dims).toEqual([2, 5])
  expect(valuesOf(feeds, 'ids')).toEqual([5, 8])
  expect(valuesOf(feeds, 'position_ids')).toEqual([1, 2])
})

test('a generated token sees the prompt but for its padding, what was generated, and itself', () => {
  const inputs = new RoleInputs(Tensor, graph, prompt)
  const feeds: Feeds = {}
  for (const [past, slots] of [
    [3, 4],
    [5, 8],
    [4, 4], // shorter than the one before: nothing of it is left
  ] as const) {
    inputs.fillToken(feeds, BigInt64Array.of(1n, 2n), past, slots)
    const row = (padded: number) => [
      padded,
      ...Array<number>(past - 1).fill(1),
      ...Array<number>(slots - past).fill(0),
      1,
    ]
    expect(valuesOf(feeds, 'slot_mask')).toEqual([...row(0), ...row(1)])
    expect(valuesOf(feeds, 'position_ids')).toEqual([past - 1, past])
  }
})

test('positions that the host gave are fed as they are, in every part of the prompt', () => {
  const feeds: Feeds = {}
  const given = { ...prompt, positions: BigInt64Array.of(7n, 9n, 11n, 30n, 31n, 33n) }
  const inputs = new RoleInputs(Tensor, graph, given)
  inputs.fillPrompt(feeds, { keep: 1, slots: 0 })
  expect(valuesOf(feeds, 'position_ids')).toEqual([7, 9, 11, 30, 31, 33])
  inputs.fillPrompt(feeds, { keep: 1, from: 1, slots: 0 })
  expect(valuesOf(feeds, 'position_ids')).toEqual([9, 11, 31, 33])
})
