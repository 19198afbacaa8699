/**
 * Assay's fp32 image classifiers against torch eager, against the same network exported from torch and run by onnxruntime's own Python in
 * the same session settings, and against OpenVINO's benchmark_app; taken in turn in one run.
 *
 *     node vision.ts [MODEL ...]      models default to arch/resnet50; BATCHES=1,32 and ROUNDS=5 may be set
 *
 * ASSAY_PYTHON names a Python with torch, transformers, onnx, onnxruntime and openvino. Prints a table; judges nothing.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { buildArtifact } from '../src/build/artifact.ts'
import { exportCheckpoint } from '../src/build/checkpoint.ts'
import { openModel, type VisionModel } from '../src/build/model.ts'
import { engineCommand } from '../src/engines/index.ts'
import { assayHome } from '../src/home.ts'
import { Session } from '../src/runner/session.ts'
import { elementCount, type NamedTensors, toFloat32 } from '../src/tensor.ts'
import { seededWeights } from '../src/weights/seeded.ts'
import { matrixRate, writeCeiling } from './ceiling.ts'
import { Peer } from './peer.ts'

const BATCHES = (process.env['BATCHES'] ?? '1,32').split(',').map(Number)
const ROUNDS = Number(process.env['ROUNDS'] ?? 5)
/** Passes of a turn: about as long at any batch. */
const passesOf = (batch: number) => Math.max(4, Math.round(32 / batch))
/** Seconds of a turn of benchmark_app. */
const APP_SECONDS = 4
const ENDLESS = { loadMs: 600_000, callMs: 600_000 }
const THREADS = availableParallelism()
const PYTHON = process.env['ASSAY_PYTHON'] ?? 'python3'

const Passes = z.object({ passMs: z.array(z.number()), logits: z.array(z.number()) })
const App = z.object({ medianMs: z.number() })

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
const show = (value: number) => value.toPrecision(3)

function open(engine: 'ort' | 'openvino', path: string): Promise<Session> {
  const launch = { engine, command: engineCommand(engine), stdio: false }
  const options = engine === 'openvino' ? { INFERENCE_PRECISION_HINT: 'f32' } : {}
  const loadable = { device: `${engine}:cpu`, form: 'onnx', precision: 'fp32', interface: null, options, path } as const
  return Session.open(launch, loadable, ENDLESS, new AbortController().signal)
}

/** Normal numbers, the same in every run: as large as normalised pixels, and none of them zero. */
function pixelsOf({ graph }: VisionModel, batch: number): NamedTensors {
  const shape = [batch, 3, graph.image.height, graph.image.width]
  const source = seededWeights(new Map([['pixels', { shape, init: 'normal', scale: 1 }]]), 11)
  return { pixel_values: { type: 'f32', shape, bytes: source.read('pixels', 0, 4 * elementCount(shape)).slice() } }
}

/** numpy.lib.format, version 1.0. */
function writeNpy(path: string, { pixel_values: pixels }: NamedTensors): void {
  if (!pixels) throw new Error('no pixels')
  const head = `{'descr': '<f4', 'fortran_order': False, 'shape': (${pixels.shape.join(', ')}), }`
  const padded = head.padEnd(Math.ceil((head.length + 11) / 64) * 64 - 11)
  const start = Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
    Buffer.from([0, 0]),
    Buffer.from(`${padded}\n`),
  ])
  start.writeUInt16LE(padded.length + 1, 8)
  writeFileSync(path, Buffer.concat([start, pixels.bytes]))
}

/** One turn in a worker: what each pass took inside, and what the call took beside them. */
async function turn(session: Session, pixels: NamedTensors, passes: number) {
  const startedMs = performance.now()
  const options = { workload: 'forward', newTokens: 0, warmup: 0, repetitions: passes, budgetMs: 600_000 } as const
  const { result, tensors } = await session.measure(pixels, options)
  return { passMs: result.forwardMs, wallMs: performance.now() - startedMs, logits: tensors['logits'] }
}

async function measureModel(reference: string, folder: string, ceiling: Session): Promise<void> {
  const model = openModel(reference)
  if (model.kind !== 'vision') throw new Error(`${reference} is no vision model`)
  const directory = model.directory ?? join(folder, 'checkpoint')
  if (model.directory === null) exportCheckpoint(model, directory)
  const data = join(folder, 'data')
  mkdirSync(data, { recursive: true })
  for (const batch of BATCHES) writeNpy(join(data, `pixels-${batch}.npy`), pixelsOf(model, batch))
  writeFileSync(join(data, 'batches.json'), JSON.stringify(BATCHES))
  const home = assayHome(process.env)
  const portable = buildArtifact(model, 'fp32', 'portable', home).path
  const ort = await open('ort', buildArtifact(model, 'fp32', 'ort', home).path)
  const openvino = await open('openvino', portable)
  const { peer, greeting } = await Peer.start(PYTHON, [
    join(import.meta.dirname, 'peer_vision.py'),
    directory,
    data,
    String(THREADS),
  ])
  console.log(`\n${reference}: ${z.object({ runtime: z.string() }).parse(greeting).runtime}`)
  try {
    for (const batch of BATCHES) {
      const pixels = pixelsOf(model, batch)
      const passes = passesOf(batch)
      const times = {
        ours: [] as number[],
        ort: [] as number[],
        torch: [] as number[],
        ov: [] as number[],
        app: [] as number[],
      }
      const outside: number[] = []
      const rates: number[] = []
      let difference = 0
      for (let round = 0; round <= ROUNDS; round++) {
        const ours = await turn(ort, pixels, passes)
        const theirs = Passes.parse(await peer.ask({ do: 'onnxruntime', batch, passes }))
        const torch = Passes.parse(await peer.ask({ do: 'torch', batch, passes }))
        const ov = await turn(openvino, pixels, passes)
        const app = App.parse(await peer.ask({ do: 'benchmark_app', path: portable, batch, seconds: APP_SECONDS }))
        const rate = await matrixRate(ceiling)
        if (round === 0) continue // warm-up
        times.ours.push(...ours.passMs)
        times.ort.push(...theirs.passMs)
        times.torch.push(...torch.passMs)
        times.ov.push(...ov.passMs)
        times.app.push(app.medianMs)
        rates.push(rate)
        const inside = ours.passMs.reduce((sum, ms) => sum + ms, 0)
        outside.push((ours.wallMs - inside) / ours.wallMs)
        if (ours.logits) difference = relativeL2(toFloat32(ours.logits), Float32Array.from(torch.logits))
      }
      const ms = Object.fromEntries(Object.entries(times).map(([name, values]) => [name, median(values)])) as Record<
        keyof typeof times,
        number
      >
      console.log(`batch ${batch}: ${show((1000 * batch) / ms.ours)} images/s, ${show(ms.ours)} ms a pass`)
      console.log(
        `  onnxruntime, exported from torch   ${show(ms.ort)} ms: ours is ${show(ms.ort / ms.ours)} times as fast`,
      )
      console.log(
        `  torch eager                        ${show(ms.torch)} ms: ours is ${show(ms.torch / ms.ours)} times as fast`,
      )
      console.log(
        `  openvino:cpu by Assay              ${show(ms.ov)} ms; benchmark_app ${show(ms.app)} ms: ${show(100 * (ms.ov / ms.app - 1))} %`,
      )
      console.log(
        `  outside the device, with the call  ${show(100 * median(outside))} % of ${passes} passes; matrix rate ${show(median(rates))} GFLOP/s; relL2 to torch ${show(difference)}`,
      )
    }
  } finally {
    await peer.stop()
    await ort.close()
    await openvino.close()
  }
}

function relativeL2(given: Float32Array, right: Float32Array): number {
  const norm = (values: Float32Array) => Math.hypot(...values)
  return norm(given.map((value, at) => value - (right[at] ?? Number.NaN))) / norm(right)
}

const folder = mkdtempSync(join(tmpdir(), 'assay-vision-'))
try {
  writeCeiling(join(folder, 'ceiling.onnx'))
  const ceiling = await open('ort', join(folder, 'ceiling.onnx'))
  const models = process.argv.slice(2)
  console.log(`${cpus()[0]?.model}, ${THREADS} threads; ${ROUNDS} rounds in turn, medians of passes`)
  for (const model of models.length > 0 ? models : ['arch/resnet50']) await measureModel(model, folder, ceiling)
  await ceiling.close()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
