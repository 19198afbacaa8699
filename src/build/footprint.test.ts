import { readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tinyModel } from '../../tests/checkpoints.ts'
import { temporaryDirectory } from '../../tests/temporary.ts'
import { lower, policyFor } from '../lower/index.ts'
import { Precision } from '../words.ts'
import { buildArtifact, bytesToBuild } from './artifact.ts'
import { footprintOfGraph, footprintOfWeights, readWhole } from './footprint.ts'
import { type LanguageModel, openModel } from './model.ts'

function listed(reference: string): LanguageModel {
  const model = openModel(reference)
  if (model.kind !== 'llm') throw new Error('no language model')
  return model
}

/** Llama 3 8B: published parameters, 32 layers of 8 kv heads of 128, vocabulary; tables of cosines and sines of 8192 positions, in fp32. */
const PARAMETERS = 8_030_261_248
const FEATURES = 32 * 2 * 8 * 128
const VOCABULARY = 128_256
const TABLES = 4 * 2 * 8192 * 64
/** Every layer's query, key, value, output and gated products, and the head. */
const PRODUCTS = 32 * (2 * 4096 * 4096 + 2 * 4096 * 1024 + 3 * 4096 * 14_336) + VOCABULARY * 4096
/** Shapes, axes and scalars. */
const SMALL = 10_000

describe('Llama 3 8B', () => {
  const { graph } = listed('arch/llama-3-8b')

  test.each([
    ['fp32', 'ort', 4],
    ['fp16', 'ort', 2],
    ['fp32', 'portable', 4],
    ['fp16', 'portable', 2],
  ] as const)('in %s as a graph of %s operators takes %i bytes a parameter', (precision, dialect, size) => {
    const { weightBytes, slotBytes, logitsBytes } = footprintOfGraph(lower(graph, policyFor(precision, dialect)))
    const exact = size * PARAMETERS + TABLES
    expect(weightBytes).toBeGreaterThanOrEqual(exact)
    expect(weightBytes).toBeLessThan(exact + SMALL)
    expect(slotBytes).toBe(size * FEATURES)
    expect(logitsBytes).toBe(4 * VOCABULARY)
  })

  test.each([
    ['fp32', 4, 4],
    ['fp16', 2, 2],
    ['bf16', 2, 2],
    ['int8', 1, 2],
    ['int4', 0.5, 2],
  ] as const)(
    'as a directory in %s takes %d bytes a parameter, and %d a feature of the cache',
    (precision, weight, float) => {
      expect(footprintOfWeights(graph, precision)).toEqual({
        weightBytes: weight * PARAMETERS,
        passBytes: weight * PRODUCTS,
        slotBytes: float * FEATURES,
        logitsBytes: 4 * VOCABULARY,
      })
    },
  )
})

test('a head that is the embedding table is counted once', () => {
  const sizes = [false, true].map(isTied => {
    const { graph } = tinyModel(join(temporaryDirectory(), 'model'), { tie_word_embeddings: isTied })
    return footprintOfGraph(lower(graph, policyFor('fp32', 'ort'))).weightBytes
  })
  const [untied = 0, tied = 0] = sizes
  expect(untied - tied).toBe(4 * 96 * 64)
})

describe('what a build writes is what was foretold,', () => {
  const cases = Precision.options.flatMap(precision =>
    (['ort', 'portable'] as const).map(dialect => [precision, dialect] as const),
  )

  test.each(cases)('in %s for %s, save the node list and the gaps between constants', (precision, dialect) => {
    const folder = temporaryDirectory()
    const model = tinyModel(join(folder, 'model'), { vocab_size: 4096 })
    const home = join(folder, 'home')
    const lowered = lower(model.graph, policyFor(precision, dialect))
    const foretold = footprintOfGraph(lowered).weightBytes
    expect(bytesToBuild(model, lowered, home)).toBe(foretold)
    const { path } = buildArtifact(model, precision, dialect, home)
    const written = readdirSync(dirname(path)).reduce((sum, name) => sum + statSync(join(dirname(path), name)).size, 0)
    expect(written).toBeGreaterThanOrEqual(foretold)
    expect(written - foretold).toBeLessThan(4096 * lowered.constants.length + 100_000)
    expect(bytesToBuild(model, lowered, home)).toBe(0)
  })
})

describe('what every pass reads', () => {
  const TABLE = 96 * 64
  const footprint = (precision: Precision, isTied: boolean) => {
    const { graph } = tinyModel(join(temporaryDirectory(), 'model'), { tie_word_embeddings: isTied })
    return footprintOfGraph(lower(graph, policyFor(precision, 'ort')))
  }

  test('are all weights but an embedding of which rows are looked up, unless the head reads it too', () => {
    const [tied, untied] = [footprint('fp32', true), footprint('fp32', false)]
    expect(untied.weightBytes - tied.weightBytes).toBe(4 * TABLE)
    expect(tied.passBytes).toBe(untied.passBytes)
    expect(untied.weightBytes - untied.passBytes).toBeGreaterThanOrEqual(4 * TABLE)
  })

  test('are a byte a parameter in int8, and scales and zeros beside them', () => {
    const parameters = 2 * (64 * 8 * 16 + 64 * 64 + 3 * 64 * 128) + TABLE
    const { passBytes } = footprint('int8', false)
    expect(passBytes).toBeGreaterThan(parameters)
    expect(passBytes).toBeLessThan(1.2 * parameters)
  })

  test('is one weight under two names where either is read whole', () => {
    const content = { kind: 'weights', names: ['embed'], type: 'f32' } as const
    const constant = (name: string) => ({ name, type: 'f32', shape: [8, 2], content }) as const
    const node = (operator: string, input: string) => ({
      name: operator,
      operator,
      domain: '',
      inputs: [input],
      outputs: [],
      attributes: {},
    })
    const nodes = [node('MatMul', 'head'), node('Gather', 'table')]
    const constants = [constant('table'), constant('head')]
    expect(readWhole({ constants, nodes }).map(({ name }) => name)).toEqual(['head'])
    expect(readWhole({ constants: [constant('table')], nodes })).toEqual([])
  })
})
