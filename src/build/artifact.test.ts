import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { describe, expect, test, vi } from 'vitest'
import { openLanguageModel, TINY_CONFIG, tinyModel, writeCheckpoint } from '../../tests/checkpoints.ts'
import { temporaryDirectory } from '../../tests/temporary.ts'
import { readOnnx } from '../onnx/read.ts'
import type { WeightSource } from '../weights/source.ts'
import { buildArtifact } from './artifact.ts'
import type { LanguageModel } from './model.ts'

function setUp(overrides: Readonly<Record<string, unknown>> = {}) {
  const folder = temporaryDirectory()
  return { model: tinyModel(join(folder, 'model'), overrides), home: join(folder, 'home'), folder }
}

/** A model that cannot be read any more: what is asked of it must come from the cache. */
function unreadable(model: LanguageModel): LanguageModel {
  return {
    ...model,
    openWeights: () => {
      throw new Error('the weights were opened')
    },
  }
}

const entries = (home: string) => (existsSync(join(home, 'artifacts')) ? readdirSync(join(home, 'artifacts')) : [])

describe('a built graph', () => {
  test('is built once, and found from then on', () => {
    const { model, home } = setUp()
    const first = buildArtifact(model, 'fp32', 'ort', home)
    const before = statSync(first.path).mtimeMs
    expect(buildArtifact(unreadable(model), 'fp32', 'ort', home)).toEqual(first)
    expect(statSync(first.path).mtimeMs).toBe(before)
    expect(entries(home)).toHaveLength(1)
  })

  test('is another for every precision and dialect', () => {
    const { model, home } = setUp()
    const paths = (['fp32', 'fp16', 'int8'] as const).flatMap(precision =>
      (['ort', 'portable'] as const).map(dialect => buildArtifact(model, precision, dialect, home).path),
    )
    expect(new Set(paths).size).toBe(6)
    expect(() => buildArtifact(unreadable(model), 'fp16', 'portable', home)).not.toThrow()
  })

  test.each([
    ['rms_norm_eps', 1e-6],
    ['rope_theta', 5000],
    ['max_position_embeddings', 128],
  ])('is another where the config has another %s, though the weights are the same', (key, value) => {
    const { model, home, folder } = setUp()
    writeFileSync(join(folder, 'model', 'config.json'), JSON.stringify({ ...TINY_CONFIG, [key]: value }))
    const changed = openLanguageModel(join(folder, 'model'))
    expect(buildArtifact(changed, 'fp32', 'ort', home).path).not.toBe(buildArtifact(model, 'fp32', 'ort', home).path)
  })

  test('is another where a weight differs', () => {
    const { model, home, folder } = setUp()
    const before = buildArtifact(model, 'fp32', 'ort', home).path
    writeCheckpoint(join(folder, 'model'), {}, 'bf16')
    expect(buildArtifact(openLanguageModel(join(folder, 'model')), 'fp32', 'ort', home).path).not.toBe(before)
  })

  test('is another in another version, which may write the same weights in another way', async () => {
    const { model, home } = setUp()
    const { path } = buildArtifact(model, 'fp32', 'ort', home)
    vi.resetModules()
    vi.doMock('../version.ts', () => ({ version: '0.0.0-other' }))
    const other = await import('./artifact.ts')
    vi.doUnmock('../version.ts')
    expect(other.buildArtifact(model, 'fp32', 'ort', home).path).not.toBe(path)
  })

  test('says in its file how it is driven', () => {
    const { model, home } = setUp()
    const { path, interface: driven } = buildArtifact(model, 'fp32', 'portable', home)
    const { metadata, producer, opsets } = readOnnx(path)
    expect(JSON.parse(metadata['assay.interface'] ?? '')).toEqual(driven)
    expect(producer.name).toBe('assay')
    expect(opsets).toEqual({ '': 21 })
  })
})

test('a build reads weights a few MB at a time, whatever their size', () => {
  const { model, home } = setUp({ vocab_size: 1 << 18 }) // 64 MiB each of embedding and head
  const asked: number[] = []
  const watched: LanguageModel = {
    ...model,
    openWeights(): WeightSource {
      const weights = model.openWeights()
      return {
        ...weights,
        read(name, offset, length) {
          asked.push(length)
          return weights.read(name, offset, length)
        },
      }
    },
  }
  for (const precision of ['fp32', 'fp16', 'int8'] as const) buildArtifact(watched, precision, 'ort', home)
  expect(Math.max(...asked)).toBeLessThanOrEqual(4 << 20)
  expect(asked.reduce((sum, length) => sum + length, 0)).toBeGreaterThanOrEqual(6 * (64 << 20))
})

describe('a build that does not end', () => {
  test('leaves nothing, and the next one succeeds', () => {
    const { model, home } = setUp()
    let reads = 0
    const breaking: LanguageModel = {
      ...model,
      openWeights(): WeightSource {
        const weights = model.openWeights()
        return {
          ...weights,
          read(...range) {
            if (++reads > 5) throw new Error('the disk is gone')
            return weights.read(...range)
          },
        }
      },
    }
    expect(() => buildArtifact(breaking, 'fp32', 'ort', home)).toThrow('the disk is gone')
    expect(reads).toBe(6)
    expect(entries(home)).toEqual([])
    expect(existsSync(buildArtifact(model, 'fp32', 'ort', home).path)).toBe(true)
  })

  test('because it was killed is no hit: only a whole folder has the name', () => {
    const { model, home } = setUp()
    const { path } = buildArtifact(model, 'fp32', 'ort', home)
    const half = `${join(path, '..')}.half`
    mkdirSync(half)
    writeFileSync(join(half, 'model.onnx'), 'half')
    expect(buildArtifact(unreadable(model), 'fp32', 'ort', home).path).toBe(path)
  })

  test('because the home cannot be written names the place and the way out', () => {
    const { model, folder } = setUp()
    const file = join(folder, 'file')
    writeFileSync(file, '')
    expect(() => buildArtifact(model, 'fp32', 'ort', join(file, 'home'))).toThrow(
      expect.objectContaining({
        code: 'file-unwritable',
        message: expect.stringContaining('the cache could not be written'),
        where: expect.stringContaining(join(file, 'home', 'artifacts')),
        hint: expect.stringContaining('ASSAY_HOME'),
      }),
    )
  })
})

test('builds at the same time all succeed, and leave one artifact', async () => {
  const { model, home, folder } = setUp()
  const code = `
    const { workerData, parentPort } = require('node:worker_threads')
    const { model, home, artifact, models } = workerData
    Promise.all([import(artifact), import(models)]).then(([{ buildArtifact }, { openModel }]) =>
      parentPort.postMessage(buildArtifact(openModel(model), 'int8', 'ort', home).path))`
  const at = (file: string) => new URL(file, import.meta.url).href
  const workerData = {
    model: join(folder, 'model'),
    home,
    artifact: at('./artifact.ts'),
    models: at('./model.ts'),
  }
  const build = () =>
    new Promise<string>((resolve, reject) => {
      new Worker(code, { eval: true, workerData }).once('message', resolve).once('error', reject)
    })
  const paths = await Promise.all([build(), build(), build(), build()])
  expect(new Set(paths).size).toBe(1)
  expect(entries(home)).toHaveLength(1)
  const { path } = buildArtifact(unreadable(model), 'int8', 'ort', home)
  expect(path).toBe(paths[0])
  expect(readFileSync(path).length).toBeGreaterThan(0)
})
