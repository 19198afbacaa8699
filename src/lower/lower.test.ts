import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { openLanguageModel, TINY_CONFIG, tinyModel, writeCheckpoint } from '../../tests/checkpoints.ts'
import { findPython, runPython } from '../../tests/python.ts'
import { temporaryDirectory } from '../../tests/temporary.ts'
import { writeLowered } from '../build/artifact.ts'
import { traceConfig } from '../build/config.ts'
import type { LanguageModel } from '../build/model.ts'
import type { Graph } from '../graph/index.ts'
import { compareElements } from '../metrics/index.ts'
import { Dialect, Precision } from '../words.ts'
import { type BlockFormat, type Constant, type LoweredGraph, lower, type Policy, policyFor } from './index.ts'

function tiny(overrides: Readonly<Record<string, unknown>> = {}): Graph {
  return traceConfig({ ...TINY_CONFIG, ...overrides }, 'tiny')
}

type Overrides = Readonly<Record<string, unknown>>

function lowered(precision: Precision, dialect: Dialect, overrides: Overrides = {}, provider = 'cpu') {
  const { interface: driven, ...graph } = lower(tiny(overrides), policyFor(precision, dialect, provider))
  if (driven === null) throw new Error('a language model that nobody can drive')
  return { ...graph, interface: driven }
}

const operatorsOf = ({ nodes }: LoweredGraph) => nodes.map(({ operator }) => operator)
/** Every form that a graph can have: standard, and with onnxruntime's operators as its providers have them. */
const everything = Precision.options.flatMap(precision => [
  [precision, 'portable', 'cpu'] as const,
  ...['cpu', 'cuda', 'webgpu'].map(provider => [precision, 'ort', provider] as const),
])

const EIGHT: BlockFormat = { bits: 8, block: 32, isSymmetric: true, hasOffsets: false }
const FLOAT: Readonly<Record<string, string>> = { fp16: 'f16', bf16: 'bf16' }
/** Those that store the head in few bits. */
const isInteger = (precision: Precision) => precision.startsWith('int')

/** The published weights that a constant holds; scales and zeros stand beside the levels that they belong to. */
function weightsIn({ content }: Constant): readonly string[] {
  return content.kind === 'weights' || content.kind === 'levels' ? content.names : []
}

describe.each(everything)('%s in the %s dialect for %s', (precision, dialect, provider) => {
  const variants = [{}, { tie_word_embeddings: true }, { attention_bias: true, mlp_bias: true }, { head_dim: 24 }]

  test('uses every value only after it is made, and makes it once', () => {
    for (const overrides of variants) {
      const { nodes, constants, inputs, outputs } = lowered(precision, dialect, overrides, provider)
      const made = new Set(['', ...constants.map(({ name }) => name), ...inputs.map(({ name }) => name)])
      for (const node of nodes) {
        expect(node.inputs.filter(name => !made.has(name))).toEqual([])
        const given = node.outputs.filter(name => name !== '')
        expect(given.filter(name => made.has(name))).toEqual([])
        for (const name of given) made.add(name)
      }
      expect(outputs.filter(({ name }) => !made.has(name))).toEqual([])
      expect(new Set(nodes.map(({ name }) => name)).size).toBe(nodes.length)
    }
  })

  test('holds every declared weight once, a tied embedding as table and as head', () => {
    for (const overrides of variants) {
      const graph = tiny(overrides)
      const { constants } = lower(graph, policyFor(precision, dialect, provider))
      const held = constants.flatMap(weightsIn)
      // It is looked up in fp32 beside a head of few bits, and in host memory the table is a constant of its own.
      const isTwice = isInteger(precision) || (dialect === 'ort' && provider === 'cpu')
      const isTied = 'tie_word_embeddings' in overrides && isTwice
      expect(held.toSorted()).toEqual(
        [...graph.weights.keys(), ...(isTied ? ['model.embed_tokens.weight'] : [])].sort(),
      )
      for (const constant of constants) {
        const rows = weightsIn(constant).map(name => graph.weights.get(name)?.shape[0] ?? 0)
        if (rows.length > 0) expect(constant.shape[0]).toBe(rows.reduce((a, b) => a + b, 0))
      }
    }
  })

  test('names its cache as the usual Hugging Face ONNX layout does', () => {
    const { inputs, outputs, interface: driven } = lowered(precision, dialect, {}, provider)
    const names = [0, 1].flatMap(layer => [`${layer}.key`, `${layer}.value`])
    const past = names.map(name => `past_key_values.${name}`)
    const present = names.map(name => `present.${name}`)
    expect(inputs.map(({ name }) => name).filter(name => name.startsWith('past'))).toEqual(past)
    const isRows = driven.cache?.layout === 'rows'
    expect(outputs.map(({ name }) => name)).toEqual(['logits', ...(isRows ? ['present'] : present)])
    const presentAt = (at: number) => (isRows ? 'present' : present[at])
    expect(driven.cache?.tensors).toEqual(past.map((name, at) => ({ past: name, present: presentAt(at) })))
    expect(driven.cache).toMatchObject({ heads: 2, headDim: 16, type: FLOAT[precision] ?? 'f32' })
    expect(outputs[0]?.type).toBe('f32')
  })

  test('gives every input but the cache a role', () => {
    const { inputs, interface: driven } = lowered(precision, dialect, {}, provider)
    const others = inputs.map(({ name }) => name).filter(name => !name.startsWith('past'))
    expect(Object.keys(driven.roles).sort()).toEqual(others.sort())
  })

  test('loads in onnxruntime', async () => {
    const folder = temporaryDirectory()
    const model = tinyModel(join(folder, 'model'))
    const path = write(model, policyFor(precision, dialect, provider), folder)
    if (precision === 'bf16') {
      // Its CPU provider has no arithmetic in bf16: once it has, `ort:cpu` may say so.
      await expect(InferenceSession.create(path)).rejects.toThrow(/not implemented|implementation|bfloat16/i)
      return
    }
    const session = await InferenceSession.create(path)
    expect(session.outputNames[0]).toBe('logits')
    await session.release()
  })
})

function write(model: LanguageModel, policy: Policy, folder: string, name = 'graph'): string {
  const path = join(folder, `${name}.onnx`)
  const weights = model.openWeights()
  try {
    writeLowered(lower(model.graph, policy), weights, 'tiny', path)
  } finally {
    weights.close()
  }
  return path
}

describe('the portable dialect', () => {
  test.each(Precision.options)('has only standard operators of one opset (%s)', precision => {
    const { nodes, opsets } = lowered(precision, 'portable')
    expect(opsets).toEqual({ '': 21 })
    expect(new Set(nodes.map(({ domain }) => domain))).toEqual(new Set(['']))
  })

  test.for(Precision.options)('passes the full checker of ONNX, shapes inferred (%s)', (precision, { skip }) => {
    const python = findPython(['onnx'])
    if ('missing' in python) return skip(python.missing)
    const folder = temporaryDirectory()
    writeCheckpoint(join(folder, 'model'), { attention_bias: true })
    const path = write(openLanguageModel(join(folder, 'model')), policyFor(precision, 'portable'), folder)
    const script = `
import sys, onnx
onnx.checker.check_model(sys.argv[1], full_check=True)
model = onnx.load(sys.argv[1], load_external_data=False)
inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
known = {value.name for value in inferred.graph.value_info}
print(sum(1 for node in model.graph.node for name in node.output if name not in known and not name.startswith(('logits', 'present'))))`
    expect(runPython(python, script, path).trim()).toBe('0')
  })

  test('repeats no mask and no rotation: every layer shares them', () => {
    const counts = (layers: number) => {
      const operators = operatorsOf(lowered('fp32', 'portable', { num_hidden_layers: layers }))
      return ['Gather', 'Where', 'LessOrEqual'].map(name => operators.filter(other => other === name).length)
    }
    expect(counts(4)).toEqual(counts(1))
    expect(counts(4).slice(1)).toEqual([1, 1])
  })

  test('leaves no sine or cosine to the device', () => {
    const operators = operatorsOf(lowered('fp32', 'portable'))
    expect(operators.filter(name => name === 'Sin' || name === 'Cos')).toEqual([])
  })
})

describe('the ort dialect', () => {
  test.each(['cuda', 'webgpu'])(
    'attends in one operator where the cache stays on the device, with query, key and value of one product (%s)',
    provider => {
      const { nodes, constants, interface: driven } = lowered('fp32', 'ort', {}, provider)
      const attention = nodes.filter(({ operator }) => operator === 'GroupQueryAttention')
      expect(attention).toHaveLength(2)
      expect(attention[0]?.attributes).toMatchObject({
        num_heads: { int: 4 },
        kv_num_heads: { int: 2 },
        do_rotary: { int: 1 },
      })
      expect(attention[0]?.inputs.slice(1, 3)).toEqual(['', ''])
      const packed = constants.find(({ name }) => name === 'model.layers.0.self_attn.{q_proj,k_proj,v_proj}.weight')
      expect(packed?.shape).toEqual([64 + 32 + 32, 64])
      expect(driven.cache?.layout).toBe('shared')
      expect(Object.values(driven.roles)).toEqual(expect.arrayContaining(['last-index', 'total-length']))
    },
  )

  test('gives back only the new rows where the cache is in host memory, and reads the past where it lies', () => {
    const { nodes, inputs, outputs, interface: driven } = lowered('fp32', 'ort')
    expect(driven.cache?.layout).toBe('rows')
    expect(Object.values(driven.roles)).toContain('slot-mask')
    const shapeOf = (values: typeof inputs, name: string) => values.find(value => value.name === name)?.shape
    expect(shapeOf(inputs, 'past_key_values.1.value')).toEqual(['batch', 2, 1, 'slots', 16])
    expect(shapeOf(outputs, 'present')).toEqual(['tokens', 'batch', 2 * 2 * 2 * 16])
    // Nothing but the products and the length reads a past: no copy of the cache is made.
    const readers = nodes.filter(node => node.inputs.some(name => name.startsWith('past_key_values')))
    expect(new Set(readers.map(({ operator }) => operator))).toEqual(new Set(['FusedMatMul', 'MatMul', 'Shape']))
  })

  test('gives the new rows back in the order of its caches', () => {
    const { nodes, interface: driven } = lowered('fp32', 'ort')
    const rows = nodes.find(({ outputs: [output] }) => output === 'present')?.inputs ?? []
    const layers = driven.cache?.tensors.map(({ past }) => past.split('.')[1])
    expect(rows.map(name => /layers\.(\d+)\./.exec(name)?.[1])).toEqual(layers)
    expect(rows.map(name => name.includes('values'))).toEqual(
      driven.cache?.tensors.map(({ past }) => past.endsWith('value')),
    )
  })

  test.each(['cpu', 'cuda', 'webgpu'])(
    'keeps a tied table apart only where the provider packs weights (%s)',
    provider => {
      const { constants } = lowered('fp32', 'ort', { tie_word_embeddings: true }, provider)
      const tables = constants.filter(constant => weightsIn(constant).includes('model.embed_tokens.weight'))
      expect(tables).toHaveLength(provider === 'cpu' ? 2 : 1)
      expect(new Set(tables.map(({ content }) => JSON.stringify(content))).size).toBe(1)
    },
  )

  test('multiplies without FusedMatMul where a provider lacks it', () => {
    expect(operatorsOf(lowered('fp32', 'ort', {}, 'webgpu'))).not.toContain('FusedMatMul')
    expect(operatorsOf(lowered('fp32', 'ort', {}, 'cuda'))).toContain('FusedMatMul')
  })

  test('adds and norms at once', () => {
    const { nodes } = lowered('fp32', 'ort')
    // Two sums a layer, each with the norm behind it; the first norm alone reads the embedding.
    const count = (operator: string) => nodes.filter(node => node.operator === operator).length
    expect([count('SkipSimplifiedLayerNormalization'), count('SimplifiedLayerNormalization')]).toEqual([4, 1])
  })

  test.each([8, 24, 40])('falls back to plain attention on a device where a head has %d features', headDim => {
    const { nodes, interface: driven } = lowered('fp32', 'ort', { head_dim: headDim }, 'cuda')
    expect(nodes.filter(({ operator }) => operator === 'GroupQueryAttention')).toEqual([])
    expect(driven.cache?.layout).toBe('append')
    expect(Object.values(driven.roles)).toContain('attention-mask')
  })

  test('stacks only products that are stored alike', () => {
    const policy: Policy = {
      dialect: 'ort',
      float: 'f32',
      ort: { hasFusedMatMul: true, packsWeights: true, attention: 'fused', fusesImageLayers: true },
      matrix: path => (path.endsWith('v_proj') || path.endsWith('up_proj') ? EIGHT : 'float'),
    }
    const { constants, nodes } = lower(tiny(), policy)
    const names = constants.map(({ name }) => name)
    expect(names).toContain('model.layers.0.self_attn.q_proj.weight')
    expect(names).toContain('model.layers.0.self_attn.v_proj.weight.int8')
    expect(names).toContain('model.layers.0.mlp.up_proj.weight.int8')
    expect(nodes.filter(({ operator }) => operator === 'GroupQueryAttention')).toHaveLength(2)
  })
})

test.each(Dialect.options)('a policy by path quantises what it names and nothing else (%s)', dialect => {
  const policy: Policy = {
    dialect,
    float: 'f32',
    ort: { hasFusedMatMul: true, packsWeights: true, attention: 'rows', fusesImageLayers: false },
    matrix: path => (path.startsWith('model.layers.1.mlp') ? EIGHT : 'float'),
  }
  const quantised = lower(tiny(), policy)
    .constants.flatMap(({ content }) => (content.kind === 'levels' ? content.names : []))
    .sort()
  expect(quantised).toEqual(['down', 'gate', 'up'].map(name => `model.layers.1.mlp.${name}_proj.weight`))
})

describe.each([
  ['int8', 8],
  ['int4', 4],
  ['int4-symmetric', 4],
] as const)('%s', (precision, bits) => {
  const constantsOf = (dialect: Dialect, overrides: Overrides = {}) =>
    new Map(lowered(precision, dialect, overrides).constants.map(constant => [constant.name, constant] as const))
  const DOWN = 'model.layers.0.mlp.down_proj.weight'

  test('is DequantizeLinear in blocks of a row in the portable dialect, MatMulNBits in the other, over the same matrices', () => {
    const portable = lowered(precision, 'portable').nodes.filter(({ operator }) => operator === 'DequantizeLinear')
    const packed = lowered(precision, 'ort').nodes.filter(({ operator }) => operator === 'MatMulNBits')
    expect(portable).toHaveLength(2 * 7 + 1) // of each layer q, k, v, o, gate, up and down, and the head
    expect(packed).toHaveLength(2 * 5 + 1) // q, k and v in one product
    // Beside 4 bits the head has 8, in smaller blocks.
    const formatOf = (levels = '') => (levels.startsWith('lm_head') && bits === 4 ? [8, 16] : [bits, 32])
    for (const {
      attributes,
      inputs: [levels],
    } of portable)
      expect(attributes).toEqual({ axis: { int: 1 }, block_size: { int: formatOf(levels)[1] } })
    for (const {
      attributes,
      inputs: [, levels],
    } of packed)
      expect([attributes['bits'], attributes['block_size']]).toEqual(formatOf(levels).map(int => ({ int })))
  })

  test('fills a row up to whole blocks for MatMulNBits alone', () => {
    const [rows, blocks] = [
      constantsOf('portable', { intermediate_size: 80 }),
      constantsOf('ort', { intermediate_size: 80 }),
    ]
    // int4 has a block of offsets, and one of what rounding left of them, behind the three of 80 features.
    const [width, count] = precision === 'int4' ? [5 * 32, 5] : [80, 3]
    expect(rows.get(`${DOWN}.int${bits}`)?.shape).toEqual([64, width])
    expect(blocks.get(`${DOWN}.int${bits}`)?.shape).toEqual([64, count, (32 * bits) / 8])
    for (const constants of [rows, blocks]) expect(constants.get(`${DOWN}.scale`)?.shape).toEqual([64, count])
  })
})

test('int4 has zeros of its own for each block, in 4 bits; symmetric levels are signed where ONNX has a type for them', () => {
  const typesOf = (precision: Precision, dialect: Dialect) =>
    new Map(lowered(precision, dialect).constants.map(({ name, type, shape }) => [name, `${type} ${shape}`] as const))
  const down = (name: string) => `model.layers.0.mlp.down_proj.weight.${name}`
  const portable = typesOf('int4', 'portable')
  expect([portable.get(down('int4')), portable.get(down('zero'))]).toEqual(['u4 64,192', 'u4 64,6'])
  const ort = typesOf('int4', 'ort')
  expect([ort.get(down('int4')), ort.get(down('zero'))]).toEqual(['u8 64,6,16', 'u8 64,3'])
  const symmetric = typesOf('int4-symmetric', 'portable')
  expect([symmetric.get(down('int4')), symmetric.get(down('zero'))]).toEqual(['i4 64,128', undefined])
})

/** Logits [tokens, vocabulary] of each row of a portable graph, driven as a vendor would: every input by its own name. */
async function portableLogits(
  session: InferenceSession,
  rows: readonly (readonly number[])[],
  mask: readonly (readonly number[])[],
): Promise<Float32Array[]> {
  const [batch, tokens] = [rows.length, rows[0]?.length ?? 0]
  const positions = mask.map(bits => {
    let next = -1
    return bits.map(bit => (bit === 1 ? ++next : 0))
  })
  const int64 = (values: readonly (readonly number[])[]) =>
    new Tensor('int64', BigInt64Array.from(values.flat(), BigInt), [batch, tokens])
  const empty = () => new Tensor('float32', new Float32Array(0), [batch, 2, 0, 16])
  const { logits } = await session.run({
    input_ids: int64(rows),
    attention_mask: int64(mask),
    position_ids: int64(positions),
    ...Object.fromEntries(session.inputNames.filter(name => name.startsWith('past')).map(name => [name, empty()])),
  })
  if (!(logits?.data instanceof Float32Array)) throw new Error('no logits')
  const size = logits.data.length / batch
  return rows.map((_, row) => Float32Array.from(logits.data.slice(row * size, (row + 1) * size) as Float32Array))
}

test('a row that is padded on the left gives the same logits as the row alone (portable)', async () => {
  const folder = temporaryDirectory()
  const path = write(tinyModel(join(folder, 'model')), policyFor('fp32', 'portable'), folder)
  const session = await InferenceSession.create(path)
  const short = [5, 17, 80, 3]
  const long = [9, 1, 44, 90, 23, 60, 7]
  const padding = long.length - short.length
  const [alone = new Float32Array()] = await portableLogits(session, [short], [short.map(() => 1)])
  const [padded = new Float32Array(), beside = new Float32Array()] = await portableLogits(
    session,
    [[...Array<number>(padding).fill(0), ...short], long],
    [[...Array<number>(padding).fill(0), ...short.map(() => 1)], long.map(() => 1)],
  )
  const real = padded.subarray(padding * TINY_CONFIG.vocab_size)
  expect(compareElements(alone, real).relL2).toBeLessThan(1e-5)
  const [longAlone = new Float32Array()] = await portableLogits(session, [long], [long.map(() => 1)])
  expect(compareElements(longAlone, beside).relL2).toBeLessThan(1e-5)
  await session.release()
})

test('a graph of images says the opset in which convolutions take bf16, and no later one than it needs', () => {
  const graph = traceConfig(
    { model_type: 'resnet', depths: [1], hidden_sizes: [16], embedding_size: 8, image_size: 32 },
    'tiny',
  )
  const opsetOf = (precision: Precision) => lower(graph, policyFor(precision, 'portable')).opsets['']
  expect([opsetOf('fp32'), opsetOf('fp16'), opsetOf('bf16')]).toEqual([21, 21, 22])
  expect(lowered('bf16', 'portable').opsets['']).toBe(21)
})
