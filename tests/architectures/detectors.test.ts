/** Detectors against other implementations of them: YOLOv8 in plain torch, Faster R-CNN as torchvision has it. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeLowered } from '../../src/build/artifact.ts'
import { openModel, type VisionModel } from '../../src/build/model.ts'
import { RELATIVE_ERROR } from '../../src/checks/defaults.ts'
import { readGolden } from '../../src/goldens/golden.ts'
import type { VisionGraph } from '../../src/graph/index.ts'
import { lower, policyFor } from '../../src/lower/index.ts'
import { compareElements } from '../../src/metrics/index.ts'
import { type TensorData, toFloat32, toNumbers } from '../../src/tensor.ts'
import { Dialect, type Precision } from '../../src/words.ts'
import { findPython } from '../python.ts'

const YOLO = findPython(['torch', 'safetensors'])
/** Debian's own Python has torchvision where the other one's torch is of another build. */
const TORCHVISION = findPython(['torch', 'torchvision'], {
  elsewhere: ['/usr/bin/python3'],
  hint: 'apt-get install python3-torchvision',
})

const root = mkdtempSync(join(tmpdir(), 'assay-detectors-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

function openVision(directory: string): VisionModel {
  const model = openModel(directory)
  if (model.kind !== 'vision') throw new Error(`${directory} holds no vision model`)
  return model
}

/** The model's graph, giving named values too. */
function giving({ graph }: VisionModel, names: Readonly<Record<string, string>>): VisionGraph {
  const named = Object.entries(names).map(([output, path]) => {
    const tensor = graph.names.get(path)
    if (!tensor) throw new Error(`nothing is named ${path}`)
    return [output, tensor] as const
  })
  return { ...graph, outputs: new Map([...graph.outputs, ...named]) }
}

type Outputs = Readonly<Record<string, { readonly shape: readonly number[]; readonly values: Float32Array }>>

/** What onnxruntime computes with a graph from pixels. */
async function run(
  model: VisionModel,
  graph: VisionGraph,
  form: { readonly precision: Precision; readonly dialect: Dialect },
  pixels: TensorData,
): Promise<Outputs> {
  const path = join(root, `${form.precision}-${form.dialect}.onnx`)
  const weights = model.openWeights()
  try {
    writeLowered(lower(graph, policyFor(form.precision, form.dialect)), weights, 'detector', path)
  } finally {
    weights.close()
  }
  const session = await InferenceSession.create(path)
  const outputs = await session.run({ pixel_values: new Tensor('float32', toFloat32(pixels), pixels.shape) })
  await session.release()
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { dims, data }]) => {
      if (data instanceof Float32Array) return [name, { shape: dims, values: data }]
      if (data instanceof BigInt64Array) return [name, { shape: dims, values: Float32Array.from(data, Number) }]
      throw new Error(`${name} is neither f32 nor i64`)
    }),
  )
}

function goldenOf(folder: string) {
  const golden = readGolden(join(folder, 'golden.safetensors')).outputs.get('data.0')
  const pixels = golden?.inputs['pixel_values']
  if (!golden || !pixels) throw new Error('the golden lacks its tensors')
  return { pixels, expected: golden.outputs }
}

const maxAbs = (...sides: Parameters<typeof compared>) => compared(...sides).maxAbs

function compared(expected: TensorData | undefined, outputs: Outputs, name: string) {
  const output = outputs[name]
  if (!expected || !output) throw new Error(`no ${name}`)
  expect(output.shape, name).toEqual(expected.shape)
  const values = expected.type === 'i64' ? Float32Array.from(toNumbers(expected)) : toFloat32(expected)
  return compareElements(values, output.values)
}

function detectionsOf(valuesOf: (name: string) => ArrayLike<number>) {
  const [boxes, scores] = [Array.from(valuesOf('boxes')), Array.from(valuesOf('scores'))]
  return Array.from(valuesOf('labels'), (label, at) => ({
    label,
    score: scores[at] ?? Number.NaN,
    box: boxes.slice(4 * at, 4 * at + 4),
  }))
}

function valuesOf(tensor: TensorData | undefined): Outputs[string] {
  if (!tensor) throw new Error('no such output')
  return { shape: tensor.shape, values: toFloat32(tensor) }
}

const unmet = (python: ReturnType<typeof findPython>) => ('missing' in python ? ` (${python.missing})` : '')

describe.skipIf('missing' in YOLO)(`yolov8 against plain torch${unmet(YOLO)}`, () => {
  const folder = join(root, 'yolov8')
  beforeAll(() => {
    if ('missing' in YOLO) return
    execFileSync(YOLO.command, [join(import.meta.dirname, 'yolov8_cases.py'), folder], { stdio: 'pipe' })
  }, 120_000)

  describe.each([0, 1, 2])('random config %s', index => {
    test.each(Dialect.options)('gives the same scores and boxes of two images (%s)', async dialect => {
      const model = openVision(join(folder, String(index)))
      const { pixels, expected } = goldenOf(join(folder, String(index)))
      const outputs = await run(model, model.graph, { precision: 'fp32', dialect }, pixels)
      expect(Object.keys(outputs)).toEqual(['logits', 'pred_boxes'])
      expect(maxAbs(expected['logits'], outputs, 'logits')).toBeLessThan(1e-4)
      expect(maxAbs(expected['pred_boxes'], outputs, 'pred_boxes')).toBeLessThan(1e-3) // px
    })

    test.each(Dialect.options)('is in fp16 no further off than torch in fp16, or hardly so (%s)', async dialect => {
      const model = openVision(join(folder, String(index)))
      const { pixels, expected } = goldenOf(join(folder, String(index)))
      const outputs = await run(model, model.graph, { precision: 'fp16', dialect }, pixels)
      const theirs = compared(expected['logits'], { logits: valuesOf(expected['logits_fp16']) }, 'logits').relL2
      const ours = compared(expected['logits'], outputs, 'logits').relL2
      // PyTorch's `same` allows twice the reference's own error (torch/_dynamo/utils.py).
      expect(ours).toBeLessThan(2 * theirs)
      expect(ours).toBeGreaterThan(theirs / 10)
      expect(compared(expected['pred_boxes'], outputs, 'pred_boxes').relL2).toBeLessThan(RELATIVE_ERROR.fp16.limit)
    })
  })
})

describe.skipIf('missing' in TORCHVISION)(`faster_rcnn against torchvision${unmet(TORCHVISION)}`, () => {
  const folder = join(root, 'faster_rcnn')
  beforeAll(() => {
    if ('missing' in TORCHVISION) return
    execFileSync(TORCHVISION.command, [join(import.meta.dirname, 'torchvision_detectors.py'), folder], {
      stdio: 'pipe',
    })
  }, 240_000)

  describe.each([0, 1, 2])('random config %s', index => {
    test.each(Dialect.options)(
      'gives the same proposals and the same detections in the same order (%s)',
      async dialect => {
        const model = openVision(join(folder, String(index)))
        const { pixels, expected } = goldenOf(join(folder, String(index)))
        const graph = giving(model, { proposals: 'rpn.proposals' })
        const outputs = await run(model, graph, { precision: 'fp32', dialect }, pixels)
        expect(expected['boxes']?.shape[0]).toBeGreaterThanOrEqual(20)
        expect(maxAbs(expected['proposals'], outputs, 'proposals')).toBeLessThan(1e-3) // px
        expect(maxAbs(expected['labels'], outputs, 'labels')).toBe(0)
        expect(maxAbs(expected['scores'], outputs, 'scores')).toBeLessThan(1e-4)
        expect(maxAbs(expected['boxes'], outputs, 'boxes')).toBeLessThan(1e-3) // px
      },
      60_000,
    )

    test.each(Dialect.options)(
      'finds nine of ten objects again in fp16, within a pixel and a hundredth (%s)',
      async dialect => {
        const model = openVision(join(folder, String(index)))
        const { pixels, expected } = goldenOf(join(folder, String(index)))
        const outputs = await run(model, model.graph, { precision: 'fp16', dialect }, pixels)
        const found = detectionsOf(name => outputs[name]?.values ?? [])
        const sought = detectionsOf(name => {
          const tensor = expected[name]
          return tensor ? toNumbers(tensor) : []
        })
        const again = sought.filter(a =>
          found.some(
            b =>
              a.label === b.label &&
              Math.abs(a.score - b.score) < 0.01 &&
              a.box.every((side, at) => Math.abs(side - (b.box[at] ?? Number.NaN)) < 1),
          ),
        )
        expect(sought.length).toBeGreaterThanOrEqual(20)
        expect(again.length / sought.length).toBeGreaterThanOrEqual(0.9)
      },
      60_000,
    )
  })
})
