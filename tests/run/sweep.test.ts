/** Benchmarks over a grid of lengths and batch sizes, to the limit of the memory and beyond what a worker bears. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeCheckpoint } from '../checkpoints.ts'
import { type Conducted, conduct, faulty } from './conducted.ts'
import { survivors } from './survivors.ts'

const home = mkdtempSync(join(tmpdir(), 'assay-sweep-'))
const model = join(home, 'model')
const FAULTS = ['fragile', 'swelling', 'cramped'] as const
const FAST = { repetitions: 1, budgetMs: 10 }
let run: Conducted

beforeAll(async () => {
  process.env['ASSAY_HOME'] = home // whatever is started from here on carries it
  writeCheckpoint(model)
  run = await conduct(
    {
      models: [model],
      checks: [],
      benchmarks: { generation: { batch: [1, 4, 2, 8], inputTokens: [8, 16], outputTokens: 4, ...FAST } },
      engines: faulty(...FAULTS),
      limits: { workerMemoryBytes: 700 * 2 ** 20 },
    },
    home,
  )
}, 180_000)

afterAll(() => rmSync(home, { recursive: true, force: true }))

const benchmark = (device: string, of = run) => of.unit(device).benchmarks[0]
const statuses = (device: string, of = run) =>
  benchmark(device, of)?.points.map(({ shape, batch, status }) => [shape['inputTokens'], batch, status])

describe('a batch that its worker does not survive', () => {
  test.each<[(typeof FAULTS)[number], RegExp, string]>([
    ['fragile', /^the fragile worker was killed by SIGKILL .* during measure/, 'ended its worker'],
    [
      'swelling',
      /^the swelling worker held \d+ MiB of memory, over its limit of 700 MiB during measure/,
      'ended its worker',
    ],
    ['cramped', /^out-of-memory: no room for a batch of 4$/, 'had no room'],
  ])('is an error with its reason, and smaller ones and other shapes are measured (%s)', (fault, reason, ends) => {
    expect(statuses(`${fault}:cpu`)).toEqual(
      [8, 16].flatMap(inputTokens => [
        [inputTokens, 1, 'pass'],
        [inputTokens, 4, 'error'],
        [inputTokens, 2, 'pass'],
        [inputTokens, 8, 'skip'],
      ]),
    )
    const points = benchmark(`${fault}:cpu`)?.points ?? []
    expect(points[1]?.reason).toMatch(reason)
    expect(points[3]?.reason).toBe(`not tried: batch 4 ${ends}`)
    expect(points[2]?.audit).toMatchObject({ status: 'pass', outputs: 8 })
    // What it would have needed at least, beside what there was.
    expect(points[1]?.figures['neededBytes']).toBeGreaterThan(0)
    expect(points[1]?.figures['availableBytes']).toBe(700 * 2 ** 20)
  })

  test('makes the unit an error by the device’s fault, in one attempt', () => {
    expect(run.unit('fragile:cpu')).toMatchObject({ status: 'error', fault: 'device', attempts: 1 })
    expect(run.unit('fragile:cpu').reason).toMatch(
      /^generation: batch 4, 8 tokens in, 4 out: the fragile worker .*; also batch 4, 16 tokens in, 4 out$/,
    )
  })

  test('leaves no process behind', async () => {
    if (process.platform === 'linux') await expect.poll(() => survivors(home), { timeout: 10_000 }).toEqual([])
  })
})

test('a log keeps the shape of each sample, and every shape has its own saturation', () => {
  const samples = run.events.filter(event => event.type === 'sample' && event.unit.includes('fragile'))
  const shapes = samples.map(event => (event.type === 'sample' ? [event.shape?.['inputTokens'], event.batch] : []))
  expect(shapes).toEqual([
    [8, 1],
    [8, 2],
    [16, 1],
    [16, 2],
  ])
  expect(benchmark('fragile:cpu')?.saturation.map(({ shape, measured }) => [shape['inputTokens'], measured])).toEqual([
    [8, 2],
    [16, 2],
  ])
  expect(benchmark('fragile:cpu')?.saturationBatch).toBeNull()
})

describe('a model with a large cache', () => {
  const large = join(home, 'large')
  const heads = { num_attention_heads: 16, num_key_value_heads: 16, head_dim: 128 }
  const tokensOf = (inputTokens: readonly number[]) => ({ inputTokens, outputTokens: 4, ...FAST })
  let swept: Conducted

  beforeAll(async () => {
    writeCheckpoint(large, { ...heads, max_position_embeddings: 256 })
    // 32 KiB of keys and values a token, so 6 MiB a row; a worker with nothing loaded holds some 150 MiB.
    const generation = { batch: 'max', ...tokensOf([188, 300, 16]), prefillChunk: 24 }
    const limits = { workerMemoryBytes: 500 * 2 ** 20 }
    swept = await conduct(
      { models: [large], devices: ['ort:cpu'], checks: [], benchmarks: { generation }, limits },
      home,
    )
  }, 180_000)

  const pointsOf = (inputTokens: number) =>
    benchmark('ort:cpu', swept)?.points.filter(({ shape }) => shape['inputTokens'] === inputTokens) ?? []

  test('is measured at doubling batch sizes until one does not fit in what the worker may hold', () => {
    const points = pointsOf(188)
    expect(points.length).toBeGreaterThan(3)
    expect(points.map(({ batch }) => batch)).toEqual(points.map((_, index) => 2 ** index))
    expect(points.slice(0, -1).map(({ status }) => status)).toEqual(points.slice(1).map(() => 'pass'))
    const last = points.at(-1)
    expect(last?.reason).toMatch(
      /^does not fit: it needs \d+ MiB at least, and the worker may hold 500 MiB$|over its limit of 500 MiB during measure/,
    )
    expect(last?.status).toBe(last?.reason?.startsWith('does not fit') ? 'skip' : 'error')
    expect(last?.figures['availableBytes']).toBe(500 * 2 ** 20)
    const peaks = points.slice(0, -1).map(({ figures }) => figures['peakMemoryBytes'] ?? Number.POSITIVE_INFINITY)
    expect(Math.max(...peaks)).toBeLessThanOrEqual(500 * 2 ** 20 * 1.1)
  })

  test('is skipped at a length that is more than its positions, with the figures, and the next shape is measured', () => {
    const [tooLong, ...others] = pointsOf(300)
    expect(others).toEqual([])
    expect(tooLong).toMatchObject({ batch: 1, status: 'skip' })
    expect(tooLong?.reason).toBe("300 + 4 tokens are more than the model's 256 positions")
    expect(
      pointsOf(16)
        .slice(0, 4)
        .map(({ status }) => status),
    ).toEqual(['pass', 'pass', 'pass', 'pass'])
  })

  test('says which chunks the prefill really took', () => {
    expect(pointsOf(188)[0]).toMatchObject({ shape: { prefillChunk: 24 }, figures: { prefillPassTokens: 24 } })
    expect(pointsOf(16)[0]).toMatchObject({ shape: { prefillChunk: 24 }, figures: { prefillPassTokens: 16 } })
  })

  test('has its work beside the limits that were measured on the device', () => {
    const { ceilings } = swept.unit('ort:cpu')
    expect(ceilings?.reason).toBeNull()
    expect(ceilings?.bytesPerSecond).toBeGreaterThan(1e7)
    expect(ceilings?.flopsPerSecond).toBeGreaterThan(1e7)
    const { prefill, decode } = pointsOf(188)[0]?.roofline ?? {}
    const flops = (prefill?.mfu ?? 0) * (ceilings?.flopsPerSecond ?? 0) * ((prefill?.ms ?? 0) / 1000)
    expect(flops / (prefill?.flops ?? 1)).toBeCloseTo(1, 9)
    expect(decode?.intensity).toBeLessThan(prefill?.intensity ?? 0)
  })
})

test('a device is measured once in a run, for all units of a precision', async () => {
  const other = join(home, 'other')
  writeCheckpoint(other, { num_hidden_layers: 1 })
  const { events } = await conduct(
    {
      models: [model, other],
      devices: ['ort:cpu'],
      checks: [],
      benchmarks: { generation: { batch: 1, inputTokens: 8, outputTokens: 2, ...FAST } },
    },
    home,
  )
  const measured = events.flatMap(event => (event.type === 'ceilings-measured' ? [event] : []))
  expect(new Set(measured.map(({ unit }) => unit)).size).toBe(2)
  expect(measured[0]?.ceilings).toMatchObject({ reason: null, bytesPerSecond: expect.any(Number) })
  expect(measured[1]?.ceilings).toEqual(measured[0]?.ceilings) // two measurements never agree to the last bit
})
