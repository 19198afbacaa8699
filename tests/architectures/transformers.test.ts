import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildArtifact } from '../../src/build/artifact.ts'
import { type LanguageModel, openModel } from '../../src/build/model.ts'
import { engineCommand } from '../../src/engines/index.ts'
import { readGolden } from '../../src/goldens/golden.ts'
import { startWorker, type WorkerHandle } from '../../src/host/index.ts'
import { compareElements } from '../../src/metrics/index.ts'
import { architectures } from '../../src/models/index.ts'
import { type TensorData, tensorOf, toFloat32, toNumbers } from '../../src/tensor.ts'
import type { Dialect, Precision } from '../../src/words.ts'
import { findPython } from '../python.ts'

const CASES = 8
const SEED = 11
const python = findPython(['torch', 'transformers', 'safetensors'])

/** Columns [from, to) of an i64 [rows, width] tensor. */
function columns(tensor: TensorData, from: number, to: number): TensorData {
  const [rows = 0, width = 0] = tensor.shape
  const ids = toNumbers(tensor)
  const cut = Array.from({ length: rows }, (_, row) => ids.slice(row * width + from, row * width + to))
  return tensorOf([rows, to - from], BigInt64Array.from(cut.flat(), BigInt))
}

/** The language models. */
const families = Object.entries(architectures).flatMap(([name, family]) => ('task' in family ? [] : [name]))

const root = mkdtempSync(join(tmpdir(), 'assay-architectures-'))
let worker: WorkerHandle

beforeAll(async () => {
  if ('missing' in python) return
  const script = join(import.meta.dirname, 'transformers_cases.py')
  execFileSync(python.command, [script, root, String(CASES), String(SEED)], { stdio: 'pipe' })
  worker = await startWorker({ engine: 'ort', command: engineCommand('ort') })
}, 240_000)

afterAll(async () => {
  await worker?.stop()
  rmSync(root, { recursive: true, force: true })
})

describe.skipIf('missing' in python).each(families)(
  `%s against transformers${'missing' in python ? ` (${python.missing})` : ''}`,
  family => {
    const folder = join(root, family)

    async function load(index: number, precision: Precision, dialect: Dialect): Promise<string> {
      const model = openModel(join(folder, String(index))) as LanguageModel
      const artifact = buildArtifact(model, precision, dialect, join(folder, 'home'))
      const handle = `${family} ${index} ${precision} ${dialect}`
      await worker.call('load', {
        handle,
        device: 'ort:cpu',
        form: 'onnx',
        path: artifact.path,
        precision,
        interface: artifact.interface,
        options: {},
      })
      return handle
    }

    async function whole(handle: string, ids: TensorData): Promise<Float32Array> {
      const { tensors } = await worker.call('run', { handle, outputs: null, logitsToKeep: 0 }, { input_ids: ids })
      const { logits } = tensors
      if (!logits) throw new Error('no logits')
      return toFloat32(logits)
    }

    for (let index = 0; index < CASES; index++)
      for (const dialect of ['ort', 'portable'] as const) {
        it(`random config ${index} in the ${dialect} dialect gives the same logits in one pass and through the cache`, async () => {
          const golden = readGolden(join(folder, String(index), 'golden.safetensors')).outputs.get('whole.0')
          const ids = golden?.inputs['input_ids']
          const expected = golden?.outputs['logits']
          if (!ids || !expected) throw new Error('the golden lacks its tensors')
          const handle = await load(index, 'fp32', dialect)
          const logits = await whole(handle, ids)
          const inOnePass = compareElements(toFloat32(expected), logits)
          expect(inOnePass.maxAbs).toBeLessThan(1e-4)

          const [rows = 0, width = 0, vocabulary = 0] = expected.shape
          const prompt = Math.ceil(width / 3)
          const stepwise = await worker.call(
            'generate',
            { handle, newTokens: width - prompt, stop: [], logits: true },
            { input_ids: columns(ids, 0, prompt), forced_ids: columns(ids, prompt, width) },
          )
          const steps = stepwise.tensors['logits']
          if (!steps) throw new Error('no logits of the steps')
          expect(steps.shape).toEqual([rows, width - prompt, vocabulary])
          const perRow = width * vocabulary
          for (let row = 0; row < rows; row++) {
            const reference = toFloat32(expected).subarray(
              row * perRow + (prompt - 1) * vocabulary,
              (row + 1) * perRow - vocabulary,
            )
            const stepped = toFloat32(steps).subarray(row * reference.length, (row + 1) * reference.length)
            expect(compareElements(reference, stepped).maxAbs).toBeLessThan(1e-4)
          }
          await worker.call('unload', { handle })
        })
      }
  },
)
