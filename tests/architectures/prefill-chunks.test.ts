/** A prompt in chunks: what it gives, and which chunks a graph's cache really lets the engine take. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildArtifact } from '../../src/build/artifact.ts'
import { engineCommand } from '../../src/engines/index.ts'
import { startWorker, type WorkerHandle } from '../../src/host/index.ts'
import { compareElements } from '../../src/metrics/index.ts'
import { type NamedTensors, toFloat32, tokenTensor, toNumbers } from '../../src/tensor.ts'
import type { Dialect } from '../../src/words.ts'
import { tinyModel } from '../checkpoints.ts'

const LAYOUTS: readonly (readonly [layout: string, dialect: Dialect, provider: string])[] = [
  ['rows', 'ort', 'cpu'],
  ['append', 'portable', 'cpu'],
  ['shared', 'ort', 'cuda'], // its graphs run on the CPU too
]
const TOKENS = 50

const folder = mkdtempSync(join(tmpdir(), 'assay-chunks-'))
let worker: WorkerHandle

beforeAll(async () => {
  worker = await startWorker({ engine: 'ort', command: engineCommand('ort'), devices: ['ort:cpu'] })
  const model = tinyModel(join(folder, 'model'))
  for (const [handle, dialect, provider] of LAYOUTS) {
    const artifact = buildArtifact(model, 'fp32', dialect, join(folder, 'home'), provider)
    expect(artifact.interface?.cache?.layout).toBe(handle)
    await worker.call('load', { handle, device: 'ort:cpu', form: 'onnx', precision: 'fp32', options: {}, ...artifact })
  }
})
afterAll(async () => {
  await worker?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const rows = [0, 1, 2].map(row => Array.from({ length: TOKENS }, (_, at) => (at * 7 + row * 31 + 3) % 96))
const inputs: NamedTensors = { input_ids: tokenTensor(rows) }
/** The second row begins after more than a chunk of padding. */
const padded: NamedTensors = {
  ...inputs,
  attention_mask: tokenTensor(rows.map((ids, row) => ids.map((_, at) => (row === 1 && at < 20 ? 0 : 1)))),
}

async function generate(handle: string, tensors: NamedTensors, prefillChunk?: number) {
  const call = { handle, newTokens: 4, stop: [], logits: true }
  const given = await worker.call('generate', { ...call, ...(prefillChunk ? { prefillChunk } : {}) }, tensors)
  const { sequences, logits } = given.tensors
  if (!sequences || !logits) throw new Error('no tokens')
  return { tokens: toNumbers(sequences), logits: toFloat32(logits) }
}

async function taken(handle: string, prefillChunk?: number) {
  const call = { handle, workload: 'generate', newTokens: 2, warmup: 0, repetitions: 1, budgetMs: 1 } as const
  const { result } = await worker.call('measure', { ...call, ...(prefillChunk ? { prefillChunk } : {}) }, inputs)
  return result.prefillChunk
}

describe.each(LAYOUTS)('a prompt through a cache of the layout %s', layout => {
  test.each([1, 7, 16, 49, 50, 64])('in chunks of %i gives the tokens and logits of one pass', async chunk => {
    const [whole, inChunks] = [await generate(layout, inputs, TOKENS), await generate(layout, inputs, chunk)]
    expect(inChunks.tokens).toEqual(whole.tokens)
    expect(compareElements(whole.logits, inChunks.logits).relL2).toBeLessThan(1e-5)
  })
})

test.each(['rows', 'append'])('so does one with padding before its beginning (%s)', async layout => {
  const [whole, inChunks] = [await generate(layout, padded, TOKENS), await generate(layout, padded, 16)]
  expect(inChunks.tokens).toEqual(whole.tokens)
  expect(compareElements(whole.logits, inChunks.logits).relL2).toBeLessThan(1e-5)
})

test('the worker says which chunks it really took', async () => {
  expect(await taken('rows', 16)).toBe(16)
  expect(await taken('append', 16)).toBe(16)
  expect(await taken('shared', 16)).toBe(TOKENS) // all at once
  expect(await taken('rows', 64)).toBe(TOKENS)
  expect(await taken('append')).toBe(TOKENS)
  expect(await taken('rows')).toBe(TOKENS) // 256 rows of a product hold 3 x 50 tokens
})
