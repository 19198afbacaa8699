import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildArtifact } from '../../src/build/artifact.ts'
import { RELATIVE_ERROR, SELF_RELATIVE_ERROR } from '../../src/checks/defaults.ts'
import { engineCommand } from '../../src/engines/index.ts'
import { startWorker, type WorkerHandle } from '../../src/host/index.ts'
import { compareElements } from '../../src/metrics/index.ts'
import { type NamedTensors, toFloat32, tokenTensor, toNumbers } from '../../src/tensor.ts'
import type { Dialect, Precision } from '../../src/words.ts'
import { TINY_FAMILIES, tinyModel } from '../checkpoints.ts'
import { temporaryDirectory } from '../temporary.ts'

/** A provider whose cache stays on the device, so that attention is GroupQueryAttention; its graphs run on the CPU too. */
const FUSED = 'cuda'

let worker: WorkerHandle

beforeAll(async () => {
  worker = await startWorker({ engine: 'ort', command: engineCommand('ort') })
})
afterAll(() => worker?.stop())

const PROMPT = [3, 14, 15, 92, 65, 35, 89, 79, 32, 38, 46, 26, 43, 38, 32, 79, 50, 28, 84, 19]

/** A tiny model of a config, built and loaded anew for each precision and dialect. */
function subject(overrides: Readonly<Record<string, unknown>> = {}) {
  const folder = temporaryDirectory()
  const model = tinyModel(join(folder, 'model'), overrides)
  return async (precision: Precision, dialect: Dialect, provider?: string) => {
    const { path, interface: driven } = buildArtifact(model, precision, dialect, join(folder, 'home'), provider)
    const handle = `${path} ${precision}`
    const load = { handle, device: 'ort:cpu', form: 'onnx', path, precision, interface: driven, options: {} } as const
    const { result } = await worker.call('load', load)
    return {
      computedIn: result.placement?.computedIn ?? [],
      run: async (inputs: NamedTensors, logitsToKeep = 0) => {
        const { logits } = (await worker.call('run', { handle, outputs: null, logitsToKeep }, inputs)).tensors
        if (!logits) throw new Error('no logits')
        return { shape: logits.shape, values: toFloat32(logits) }
      },
      generate: async (inputs: NamedTensors, newTokens: number) => {
        const call = { handle, newTokens, stop: [], logits: true }
        const { sequences, logits } = (await worker.call('generate', call, inputs)).tensors
        if (!sequences || !logits) throw new Error('no tokens')
        return { tokens: toNumbers(sequences), logits: toFloat32(logits) }
      },
    }
  }
}

const ids = { input_ids: tokenTensor([PROMPT]) }

test.each(['int8', 'int4', 'int4-symmetric'] as const)(
  'what was computed in is told: %s where weights stay packed, fp32 where onnxruntime unpacked them',
  async precision => {
    const load = subject()
    const [portable, ort] = [await load(precision, 'portable'), await load(precision, 'ort')]
    expect(ort.computedIn).toContain(precision)
    expect(ort.computedIn).toContain('int8') // the head
    expect(portable.computedIn).toEqual(['fp32'])
  },
)

describe.each([
  ['attention that can be fused', {}],
  ['attention that cannot', { head_dim: 24 }],
  ['features that fill no whole block', { hidden_size: 80, intermediate_size: 112 }],
  ['rows of more than 32 blocks', { intermediate_size: 1056 }],
  ['biases and a tied head', { attention_bias: true, mlp_bias: true, tie_word_embeddings: true }],
  ...Object.entries(TINY_FAMILIES),
])('%s', (_, overrides) => {
  test('fused attention over a shared cache agrees with plain attention, in one pass and step by step', async () => {
    const load = subject(overrides)
    const [plain, fused] = [await load('fp32', 'ort'), await load('fp32', 'ort', FUSED)]
    expect(compareElements((await plain.run(ids)).values, (await fused.run(ids)).values).relL2).toBeLessThan(1e-5)
    const [a, b] = [await plain.generate(ids, 70), await fused.generate(ids, 70)] // past a step of the buffer's growth
    expect(b.tokens).toEqual(a.tokens)
    expect(compareElements(a.logits, b.logits).relL2).toBeLessThan(1e-5)
  })

  test('both dialects agree in fp32', async () => {
    const load = subject(overrides)
    const [portable, ort] = [await load('fp32', 'portable'), await load('fp32', 'ort')]
    expect(compareElements((await portable.run(ids)).values, (await ort.run(ids)).values).relL2).toBeLessThan(1e-5)
  })

  test('fp16 and integers are within their limits of fp32, and do differ from it', async () => {
    const load = subject(overrides)
    const reference = (await (await load('fp32', 'portable')).run(ids)).values
    for (const dialect of ['portable', 'ort'] as const)
      for (const precision of ['fp16', 'int8', 'int4', 'int4-symmetric'] as const) {
        const { relL2 } = compareElements(reference, (await (await load(precision, dialect)).run(ids)).values)
        expect(relL2).toBeLessThan(RELATIVE_ERROR[precision].limit)
        expect(relL2).toBeGreaterThan(1e-5)
      }
  })

  test.each(['int8', 'int4', 'int4-symmetric'] as const)(
    'both dialects have the same %s weights: what differs is the rounding of activations',
    async precision => {
      const load = subject(overrides)
      const [portable, ort] = [await load(precision, 'portable'), await load(precision, 'ort')]
      const { relL2 } = compareElements((await portable.run(ids)).values, (await ort.run(ids)).values)
      expect(relL2).toBeLessThan(SELF_RELATIVE_ERROR[precision].limit)
    },
  )

  test('generation through the cache gives the logits of the whole text', async () => {
    const load = subject(overrides)
    for (const dialect of ['portable', 'ort'] as const) {
      const model = await load('fp32', dialect)
      const { tokens, logits } = await model.generate(ids, 70) // over more than one step of a shared cache
      const whole = await model.run({ input_ids: tokenTensor([[...PROMPT, ...tokens.slice(0, -1)]]) }, tokens.length)
      expect(whole.shape).toEqual([1, 70, 96])
      expect(compareElements(whole.values, logits).relL2).toBeLessThan(1e-5)
    }
  })
})

test.each(['portable', 'ort'] as const)(
  'logits of the last positions are the last of all logits (%s)',
  async dialect => {
    const model = await subject()('fp32', dialect)
    const all = await model.run(ids)
    expect(all.shape).toEqual([1, PROMPT.length, 96])
    const last = await model.run(ids, 3)
    expect(last.shape).toEqual([1, 3, 96])
    expect(compareElements(all.values.subarray(-3 * 96), last.values).relL2).toBeLessThan(1e-6)
  },
)

const FAMILIES = { llama: {}, ...TINY_FAMILIES }

describe.each(Object.entries(FAMILIES))('the rows of a batch of %s', (_, overrides) => {
  test.each(['portable', 'ort'] as const)('are each the row alone (%s)', async dialect => {
    const model = await subject(overrides)('fp32', dialect)
    const rows = [PROMPT, PROMPT.toReversed(), PROMPT.map(token => (token * 7) % 96)]
    const batch = await model.run({ input_ids: tokenTensor(rows) })
    for (const [index, row] of rows.entries()) {
      const alone = (await model.run({ input_ids: tokenTensor([row]) })).values
      const inBatch = batch.values.subarray(index * alone.length, (index + 1) * alone.length)
      expect(compareElements(alone, inBatch).relL2).toBeLessThan(1e-5)
    }
  })

  test.each(['portable', 'ort'] as const)(
    'are each the row alone where one is padded on the left (%s)',
    async dialect => {
      const model = await subject(overrides)('fp32', dialect)
      const short = PROMPT.slice(0, 12)
      const padding = PROMPT.length - short.length
      const inputs = {
        input_ids: tokenTensor([[...Array<number>(padding).fill(0), ...short], PROMPT]),
        attention_mask: tokenTensor([[...Array<number>(padding).fill(0), ...short.map(() => 1)], PROMPT.map(() => 1)]),
      }
      const alone = await model.run({ input_ids: tokenTensor([short]) })
      const { values } = await model.run(inputs)
      expect(compareElements(alone.values, values.subarray(padding * 96, PROMPT.length * 96)).relL2).toBeLessThan(1e-5)
      const together = await model.generate(inputs, 6)
      expect(together.tokens.slice(0, 6)).toEqual((await model.generate({ input_ids: tokenTensor([short]) }, 6)).tokens)
      expect(together.tokens.slice(6)).toEqual((await model.generate(ids, 6)).tokens)
    },
  )

  test('give the logits of one pass where a long prompt is taken in chunks', async () => {
    const model = await subject(overrides)('fp32', 'ort')
    const rows = Array.from({ length: 16 }, (_, row) => Array.from({ length: 80 }, (_, at) => (at * 7 + row * 5) % 96))
    const padded = rows.map((_, row) => Array.from({ length: 80 }, (_, at) => (row === 3 && at < 40 ? 0 : 1))) // a whole chunk of padding
    const inputs = { input_ids: tokenTensor(rows), attention_mask: tokenTensor(padded) }
    const whole = await model.run(inputs, 1)
    const { logits } = await model.generate(inputs, 1)
    expect(compareElements(whole.values, logits).relL2).toBeLessThan(1e-5)
  })
})

test('a row padded on the left is refused where attention is fused, since that is told lengths and no mask', async () => {
  const model = await subject()('fp32', 'ort', FUSED)
  const inputs = (mask: number[]) => ({
    input_ids: tokenTensor([PROMPT.slice(0, 4)]),
    attention_mask: tokenTensor([mask]),
  })
  await expect(model.run(inputs([0, 0, 1, 1]))).rejects.toMatchObject({ code: 'unsupported' })
  await expect(model.run(inputs([1, 0, 1, 1]))).rejects.toMatchObject({ code: 'unsupported' })
  const alone = await model.run({ input_ids: tokenTensor([PROMPT.slice(0, 3)]) })
  const { values } = await model.run(inputs([1, 1, 1, 0]))
  expect(compareElements(alone.values, values.subarray(0, 3 * 96)).relL2).toBeLessThan(1e-5)
})

const positioned = (positions: readonly number[]) => ({ ...ids, position_ids: tokenTensor([positions]) })

test.each(['portable', 'ort'] as const)(
  'positions that the host gives are those of the pass: from 0 as if counted, shifted to the same effect, stretched to another (%s)',
  async dialect => {
    const model = await subject()('fp32', dialect)
    const counted = (await model.run(ids)).values
    const at = async (position: (index: number) => number) =>
      compareElements(counted, (await model.run(positioned(PROMPT.map((_, index) => position(index))))).values).relL2
    expect(await at(index => index)).toBe(0)
    expect(await at(index => index + 76)).toBeLessThan(1e-5) // the last of the model's 96 positions
    expect(await at(index => index * 3)).toBeGreaterThan(1e-2)
  },
)

test('positions are refused that are not the tokens’, not the model’s, or not asked for by the graph', async () => {
  const load = subject()
  const model = await load('fp32', 'ort')
  const refusal = (code: string, message: string) => ({ code, message: expect.stringContaining(message) })
  await expect(model.run({ ...ids, position_ids: tokenTensor([[0, 1]]) })).rejects.toMatchObject(
    refusal('invalid-request', 'position_ids is i64[1,2], and must be i64[1, 20]'),
  )
  await expect(model.run(positioned(PROMPT.map((_, index) => index + 77)))).rejects.toMatchObject(
    refusal('invalid-request', 'position_ids holds 96, and the model knows 96 positions'),
  )
  await expect(model.run(positioned(PROMPT.map((_, index) => index - 1)))).rejects.toMatchObject(
    refusal('invalid-request', 'position_ids holds -1'),
  )
  await expect(model.generate(positioned(PROMPT.map((_, index) => index)), 2)).rejects.toMatchObject(
    refusal('invalid-request', 'generate counts positions itself'),
  )
  const fused = await load('fp32', 'ort', FUSED)
  await expect(fused.run(positioned(PROMPT.map((_, index) => index)))).rejects.toMatchObject(
    refusal('unsupported', 'this graph counts positions itself'),
  )
})
