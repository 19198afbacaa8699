/** The inference benchmark on real workers, sound and faulty, with a small ResNet and images that are drawn. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { traceConfig } from '../../src/build/config.ts'
import { openModel } from '../../src/build/model.ts'
import { seededDeclarations } from '../../src/build/seeded-declarations.ts'
import type { EventBody } from '../../src/events/event.ts'
import type { BenchmarkPoint } from '../../src/events/result.ts'
import { Plan } from '../../src/plan/schema.ts'
import { benchmarkInference } from '../../src/runner/benchmark/inference/benchmark.ts'
import type { InferenceSubject } from '../../src/runner/benchmark/inference/subject.ts'
import { discover } from '../../src/runner/discovery.ts'
import { loadableFor } from '../../src/runner/loadable.ts'
import { MeasuredCeilings } from '../../src/runner/measured-ceilings.ts'
import type { UnitContext } from '../../src/runner/request.ts'
import { Session } from '../../src/runner/session.ts'
import { UnitWorker } from '../../src/runner/unit-worker.ts'
import { BYTES_PER_ELEMENT, elementCount, type NamedTensors, tensorOf } from '../../src/tensor.ts'
import { writeShardedSafetensors } from '../../src/weights/safetensors-write.ts'
import { seededWeights } from '../../src/weights/seeded.ts'
import { DeviceId } from '../../src/words.ts'
import { faulty } from './conducted.ts'

const SIDE = 32
const CONFIG = {
  model_type: 'resnet',
  layer_type: 'basic',
  ...{ embedding_size: 8, hidden_sizes: [8, 16], depths: [1, 1], image_size: SIDE, num_labels: 10 },
}
const home = mkdtempSync(join(tmpdir(), 'assay-inference-'))
const directory = join(home, 'resnet')

function writeResnet(): void {
  const declared = seededDeclarations(traceConfig(CONFIG, directory))
  const source = seededWeights(declared, 3)
  const entries = Array.from(source.weights, ([name, info]) => ({
    name,
    ...info,
    chunks: () => [source.read(name, 0, elementCount(info.shape) * BYTES_PER_ELEMENT[info.type]).slice()],
  }))
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'config.json'), JSON.stringify(CONFIG))
  writeShardedSafetensors(directory, entries, 1e9)
}

/** Waves whose lengths differ from image to image. */
function images(first: number, batch: number): NamedTensors {
  const size = 3 * SIDE * SIDE
  const values = Float32Array.from({ length: batch * size }, (_, at) =>
    Math.sin((at % size) / (2 + first + Math.floor(at / size))),
  )
  return { pixel_values: tensorOf([batch, 3, SIDE, SIDE], values) }
}

interface Ran {
  readonly events: readonly EventBody[]
  readonly points: readonly BenchmarkPoint[]
  readonly read: readonly number[]
}

const COST = { flopsPerImage: 1e6, weightBytes: 3e4, activationBytes: 4e5, heldBytes: null }

async function bench(device: string, settings: object, more: Partial<InferenceSubject> = {}): Promise<Ran> {
  const plan = Plan.parse({
    models: [directory],
    engines: device === 'ort:cpu' ? {} : faulty(device.split(':')[0] ?? ''),
    benchmarks: { inference: { repetitions: 3, budgetMs: 200, ...settings } },
  })
  const discovered = await discover(plan.engines, home, [DeviceId.parse(device), 'ort:cpu'])
  const found = discovered.found.get(DeviceId.parse(device))
  const reference = discovered.found.get('ort:cpu')
  const model = openModel(directory)
  if (!found || !reference) throw new Error(JSON.stringify(discovered.problems))
  const events: EventBody[] = []
  const signal = new AbortController().signal
  const header = {
    id: 'unit',
    model: directory,
    category: 'vision',
    device: found.description.id,
    precision: 'fp32',
  } as const
  const context: UnitContext = {
    ...{ plan, base: home, home, discovered, signal, attempt: 1, ceilings: new MeasuredCeilings() },
    unit: { header, entry: { model: directory } },
    emit: body => events.push(body),
  }
  const open = (from: typeof found) => (loadable: ReturnType<typeof loadableFor>) =>
    Session.open(from.launch, loadable, plan.limits, signal)
  const worker = await UnitWorker.open(open(found), loadableFor(model, found, 'fp32', {}, home))
  const read: number[] = []
  try {
    await benchmarkInference(context, plan.benchmarks.inference ?? raise(), {
      ...{ worker, found, image: { height: SIDE, width: SIDE }, isReference: device === 'ort:cpu', memory: null },
      cost: COST,
      pixels: batch => images(0, batch),
      read: async (first, batch) => {
        read.push(first)
        return images(first, batch)
      },
      openReference: () => open(reference)(loadableFor(model, reference, 'fp32', {}, home)),
      ...more,
    })
  } finally {
    await worker.close()
  }
  return { events, read, points: events.flatMap(event => (event.type === 'point-ended' ? [event.point] : [])) }
}

function raise(): never {
  throw new Error('the plan has no such benchmark')
}

beforeAll(() => {
  process.env['ASSAY_HOME'] = home // whatever is started from here on carries it
  writeResnet()
})

afterAll(() => rmSync(home, { recursive: true, force: true }))

describe('a sound device', () => {
  let ran: Ran
  beforeAll(async () => {
    ran = await bench('sound:cpu', { batch: [1, 3] })
  }, 120_000)

  test('is timed at every batch, each pass a sample', () => {
    expect(ran.points.map(({ batch, shape, status, reason }) => [batch, shape, status, reason])).toEqual([
      [1, { height: SIDE, width: SIDE }, 'pass', null],
      [3, { height: SIDE, width: SIDE }, 'pass', null],
    ])
    for (const { batch, metrics } of ran.points) {
      expect(metrics['latencyMs']?.count).toBeGreaterThanOrEqual(1)
      const { imagesPerSecond, latencyMs } = metrics
      expect(imagesPerSecond?.max).toBeCloseTo((1000 * batch) / (latencyMs?.min ?? 0), 6)
    }
    const samples = ran.events.flatMap(event => (event.type === 'sample' ? [event] : []))
    expect(samples.length).toBe(ran.points.reduce((sum, { metrics }) => sum + (metrics['latencyMs']?.count ?? 0), 0))
    expect(samples[0]).toMatchObject({ benchmark: 'inference', batch: 1, shape: { height: SIDE, width: SIDE } })
  })

  test('is audited image by image against the reference', () => {
    expect(ran.points.map(({ audit }) => audit)).toEqual(
      [1, 3].map(outputs => ({ status: 'pass', reason: null, outputs, disagreements: 0 })),
    )
  })

  test('has its work beside the limits that were measured on the device', () => {
    const ceilings = ran.events.find(event => event.type === 'ceilings-measured')?.ceilings
    const forward = ran.points[1]?.roofline['forward']
    expect(forward).toMatchObject({ flops: 3e6, bytes: 3e4 + 3 * 4e5 })
    const rate = (forward?.flops ?? 0) / ((forward?.ms ?? 0) / 1000)
    expect((forward?.mfu ?? 0) * (ceilings?.flopsPerSecond ?? 0)).toBeCloseTo(rate, -1)
  })

  test('is timed from the files on, a batch of new images each time', () => {
    for (const { figures } of ran.points) {
      expect(figures['pipelineImagesPerSecond']).toBeGreaterThan(0)
      expect(figures['deviceWaitShare']).toBeGreaterThanOrEqual(0)
      expect(figures['deviceWaitShare']).toBeLessThan(1)
    }
    const [ofOne, ofThree] = [ran.read.slice(0, ran.read.lastIndexOf(0)), ran.read.slice(ran.read.lastIndexOf(0))]
    expect(ofOne).toEqual(ofOne.map((_, at) => at))
    expect(ofThree).toEqual(ofThree.map((_, at) => 3 * at))
  })
})

test('the reference itself is audited by its own untimed pass, and files are left alone where nobody asks for them', async () => {
  const { points, read } = await bench('ort:cpu', { batch: [2], pipeline: false })
  expect(points).toMatchObject([{ status: 'pass', audit: { status: 'pass', outputs: 2 } }])
  expect(points[0]?.figures).not.toHaveProperty('deviceWaitShare')
  expect(read).toEqual([])
}, 120_000)

describe('a faulty device', () => {
  test('that is fast and wrong fails, and the row is named', async () => {
    const { points } = await bench('hasty:cpu', { batch: [3], pipeline: false })
    expect(points[0]).toMatchObject({ status: 'fail', audit: { status: 'fail', outputs: 3, disagreements: 1 } })
    expect(points[0]?.reason).toMatch(/^1 of 3 audited images are wrong; row 2: logits: relative L2 error/)
  }, 120_000)

  test('that dies of a batch has that point as an error, and the smaller ones are measured', async () => {
    const { points } = await bench('fragile:cpu', { batch: [1, 4, 2, 8], pipeline: false })
    expect(points.map(({ batch, status }) => [batch, status])).toEqual([
      [1, 'pass'],
      [4, 'error'],
      [2, 'pass'],
      [8, 'skip'],
    ])
    expect(points[1]?.reason).toMatch(/killed by SIGKILL/)
    expect(points[3]?.reason).toBe('not tried: batch 4 ended its worker')
  }, 120_000)

  test('that has no room for a batch has none for a larger one', async () => {
    const { points } = await bench('cramped:cpu', { batch: [2, 4, 8], pipeline: false })
    expect(points.map(({ status }) => status)).toEqual(['pass', 'error', 'skip'])
    expect(points[1]?.reason).toBe('out-of-memory: no room for a batch of 4')
  }, 120_000)
})

test('a batch that cannot fit is not run, and says what it would need', async () => {
  const memory = { bytes: 2 ** 30, of: 'the device' } as const
  const cost = { ...COST, heldBytes: 2 ** 28 }
  const { points } = await bench('sound:cpu', { batch: [1, 64], pipeline: false }, { memory, cost })
  expect(points.map(({ status }) => status)).toEqual(['pass', 'skip'])
  expect(points[1]?.reason).toMatch(/^does not fit: it needs 16\.\d+ GiB at least, and the device has 1\.00 GiB$/)
}, 120_000)
