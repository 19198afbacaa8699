import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildArtifact } from '../../src/build/artifact.ts'
import { openModel } from '../../src/build/model.ts'
import { RELATIVE_ERROR } from '../../src/checks/defaults.ts'
import { engineCommand } from '../../src/engines/index.ts'
import { readGolden } from '../../src/goldens/golden.ts'
import { startWorker, type WorkerHandle } from '../../src/host/index.ts'
import { compareElements } from '../../src/metrics/index.ts'
import { elementCount, type TensorData, toFloat32 } from '../../src/tensor.ts'
import type { Dialect, Precision } from '../../src/words.ts'
import { findPython, findVisionPython, type Python } from '../python.ts'

/** A provider for which attention and norms are fused; its graphs run on the CPU too. */
const FUSED = 'cuda'
const CASES = 6
const SEED = 11

interface Source {
  readonly python: Python
  readonly script: string
  readonly args: readonly string[]
  readonly names: readonly string[]
}

/** Who else computes the models, and the folders of the models that they leave. */
const SOURCES: Readonly<Record<string, Source>> = {
  transformers: {
    python: findPython(['torch', 'transformers', 'safetensors']),
    script: 'transformers_vision_cases.py',
    args: [String(CASES), String(SEED)],
    names: ['efficientnet', 'resnet', 'vit'].flatMap(family =>
      Array.from({ length: CASES }, (_, index) => `${family}/${index}`),
    ),
  },
  'torchvision and timm': {
    python: findVisionPython(['torchvision', 'timm', 'safetensors']),
    script: 'timm_cases.py',
    args: [String(SEED)],
    names: [
      'timm resnet',
      'timm vit',
      'timm vit of a name',
      'timm efficientnet',
      'timm efficientnet from TensorFlow, odd sizes',
      'timm efficientnet of a name',
      'timm efficientnet-lite',
      'timm efficientnet-lite, larger',
      'timm efficientnetv2',
      'timm efficientnetv2 from TensorFlow, odd sizes',
      'torchvision resnet',
      'torchvision vit',
      'torchvision efficientnet',
      'torchvision efficientnet_v2',
    ],
  },
}

const none = new Float32Array()

let worker: WorkerHandle

beforeAll(async () => {
  worker = await startWorker({ engine: 'ort', command: engineCommand('ort') })
})
afterAll(() => worker?.stop())

/** The first of a batch of images. */
function firstImage(pixels: TensorData): TensorData {
  const shape = pixels.shape.with(0, 1)
  return { ...pixels, shape, bytes: pixels.bytes.subarray(0, elementCount(shape) * 4) }
}

describe.each(Object.entries(SOURCES))('against %s', (publisher, { python, script, args, names }) => {
  const root = mkdtempSync(join(tmpdir(), 'assay-vision-'))

  beforeAll(() => {
    if ('missing' in python) return
    execFileSync(python.command, [join(import.meta.dirname, script), root, ...args], { stdio: 'pipe' })
  }, 240_000)
  afterAll(() => rmSync(root, { recursive: true, force: true }))

  /** The logits of each batch in turn. */
  async function run(
    folder: string,
    batches: readonly TensorData[],
    precision: Precision,
    dialect: Dialect,
    provider?: string,
  ) {
    const model = openModel(folder)
    if (model.kind !== 'vision') throw new Error(`${folder} holds no vision model`)
    const { path, interface: driven } = buildArtifact(model, precision, dialect, join(root, 'home'), provider)
    const handle = path
    const load = { handle, device: 'ort:cpu', form: 'onnx', path, precision, interface: driven, options: {} } as const
    await worker.call('load', load)
    const call = { handle, outputs: null, logitsToKeep: 0 }
    const logits = []
    for (const images of batches) {
      const { tensors } = await worker.call('run', call, { pixel_values: images })
      if (!tensors['logits']) throw new Error('no logits')
      logits.push(toFloat32(tensors['logits']).slice())
    }
    await worker.call('unload', { handle })
    return logits
  }

  const missing = 'missing' in python ? ` (${python.missing})` : ''
  describe.skipIf('missing' in python).each(names)(`%s has the logits of ${publisher}${missing}`, name => {
    const golden = () => {
      const images = readGolden(join(root, name, 'golden.safetensors')).outputs.get('images.0')
      const [pixels, logits] = [images?.inputs['pixel_values'], images?.outputs['logits']]
      if (!pixels || !logits) throw new Error('the golden lacks its tensors')
      return { pixels, logits: toFloat32(logits) }
    }

    it.each([
      ['ort', 'cpu'],
      ['ort', FUSED],
      ['portable', 'cpu'],
    ] as const)('in fp32, an image alone and in a batch of three (%s for %s)', async (dialect, provider) => {
      const { pixels, logits } = golden()
      const batches = [pixels, firstImage(pixels)]
      const [together = none, alone = none] = await run(join(root, name), batches, 'fp32', dialect, provider)
      expect(compareElements(logits, together).relL2).toBeLessThan(1e-5)
      expect(compareElements(logits.subarray(0, alone.length), alone).relL2).toBeLessThan(1e-5)
    })

    it('in fp16 within its limit, and not as in fp32', async () => {
      const { pixels, logits } = golden()
      // One image: in fp16 a CPU takes seconds for some of these.
      const [alone = none] = await run(join(root, name), [firstImage(pixels)], 'fp16', 'ort')
      const { relL2 } = compareElements(logits.subarray(0, logits.length / (pixels.shape[0] ?? 1)), alone)
      expect(relL2).toBeLessThan(RELATIVE_ERROR.fp16.limit)
      expect(relL2).toBeGreaterThan(1e-5)
    })
  })
})
