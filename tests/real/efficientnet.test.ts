import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { buildArtifact } from '../../src/build/artifact.ts'
import { openModel, type VisionModel } from '../../src/build/model.ts'
import { engineCommand } from '../../src/engines/index.ts'
import { readGolden } from '../../src/goldens/golden.ts'
import { startWorker } from '../../src/host/index.ts'
import { compareElements } from '../../src/metrics/index.ts'
import { toFloat32 } from '../../src/tensor.ts'
import { findVisionPython } from '../python.ts'
import { temporaryDirectory } from '../temporary.ts'
import { findCheckpoint } from './checkpoint.ts'

const checkpoint = findCheckpoint({
  variable: 'ASSAY_REAL_EFFICIENTNET',
  name: 'efficientnet-lite0',
  script: 'make_efficientnet_lite0.py',
  modules: ['torch', 'safetensors'],
})
const directory = 'missing' in checkpoint ? '' : checkpoint.directory
const why = 'missing' in checkpoint ? ` (${checkpoint.missing})` : ''
const python = findVisionPython(['timm', 'safetensors'])

function open(): VisionModel {
  const model = openModel(directory)
  if (model.kind !== 'vision') throw new Error(`${directory} holds no vision model`)
  return model
}

describe.skipIf('missing' in checkpoint)(`the real EfficientNet-Lite0${why}`, { timeout: 180_000 }, () => {
  test('is read with every weight', () => {
    const model = open()
    expect(model.parameters).toBe(4_652_008)
    expect(model.graph.image).toEqual({ height: 224, width: 224 })
  })

  test.skipIf('missing' in python).each(['ort', 'portable'] as const)(
    `computes what timm computes (%s)${'missing' in python ? ` (${python.missing})` : ''}`,
    async dialect => {
      if ('missing' in python) return
      const folder = temporaryDirectory()
      const path = join(folder, 'golden.safetensors')
      const script = join(import.meta.dirname, 'efficientnet_golden.py')
      const made = spawnSync(python.command, [script, directory, path], { encoding: 'utf8' })
      expect(made.status, made.stderr).toBe(0)
      const images = readGolden(path).outputs.get('images.0')
      const [pixels, expected] = [images?.inputs['pixel_values'], images?.outputs['logits']]
      if (!pixels || !expected) throw new Error('the golden lacks its tensors')

      const artifact = buildArtifact(open(), 'fp32', dialect, folder)
      const worker = await startWorker({ engine: 'ort', command: engineCommand('ort') })
      try {
        const handle = 'efficientnet'
        const load = { handle, device: 'ort:cpu', form: 'onnx', precision: 'fp32', options: {}, ...artifact } as const
        await worker.call('load', load)
        const call = { handle, outputs: null, logitsToKeep: 0 }
        const { logits } = (await worker.call('run', call, { pixel_values: pixels })).tensors
        if (!logits) throw new Error('no logits')
        expect(logits.shape).toEqual([2, 1000])
        expect(compareElements(toFloat32(expected), toFloat32(logits)).maxAbs).toBeLessThan(1e-4)
      } finally {
        await worker.stop()
      }
    },
  )
})
