import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { findPython, runPython } from '../../tests/python.ts'
import { temporaryDirectory } from '../../tests/temporary.ts'
import type { BlockFormat, BlockLayout, Content } from '../lower/index.ts'
import { BYTES_PER_ELEMENT, tensorOf, toFloat32 } from '../tensor.ts'
import { convertBytes, type FloatType } from '../weights/convert.ts'
import type { WeightSource } from '../weights/source.ts'
import { ContentReader } from './content.ts'

interface Matrix {
  readonly values: Float32Array
  readonly columns: number
}

/** Weights in memory, stored in a type; reads go into one buffer that is used again, as those from files do. */
function weightsOf(matrices: Readonly<Record<string, Matrix>>, type: FloatType = 'f32'): WeightSource {
  const stored = new Map(
    Object.entries(matrices).map(([name, { values }]) => [
      name,
      convertBytes(new Uint8Array(values.slice().buffer), 'f32', type).slice(),
    ]),
  )
  const buffer = new Uint8Array(1 << 24)
  return {
    weights: new Map(
      Object.entries(matrices).map(([name, { values, columns }]) => [
        name,
        { type, shape: [values.length / columns, columns] },
      ]),
    ),
    read(name, offset, length) {
      buffer.fill(0xee)
      buffer.set(stored.get(name)?.subarray(offset, offset + length) ?? [])
      return buffer.subarray(0, length)
    },
    close: () => undefined,
  }
}

function bytesOf(content: Content, weights: WeightSource): Uint8Array {
  return new Uint8Array(Buffer.concat(Array.from(new ContentReader(weights).chunks(content), chunk => chunk.slice())))
}

function floatsOf(content: Content, weights: WeightSource, type: 'f32' | 'f16' = 'f32'): number[] {
  const bytes = bytesOf(content, weights)
  return [...toFloat32({ type, shape: [bytes.length / BYTES_PER_ELEMENT[type]], bytes })]
}

const FORMATS: readonly BlockFormat[] = [
  ...([4, 8] as const).flatMap(bits =>
    [true, false].flatMap(isSymmetric => [32, 64].map(block => ({ bits, block, isSymmetric, hasOffsets: false }))),
  ),
  { bits: 4, block: 32, isSymmetric: false, hasOffsets: true },
]
const nameOf = ({ bits, block, isSymmetric, hasOffsets }: BlockFormat) =>
  `${bits} bits in blocks of ${block}, ${isSymmetric ? 'symmetric' : 'asymmetric'}${hasOffsets ? ' with offsets' : ''}`

/** Row-major values without a pattern; every 50th is an outlier. */
function matrixOf(rows: number, columns: number): Matrix {
  const values = Float32Array.from({ length: rows * columns }, (_, at) =>
    Math.fround(Math.sin(at * 12.9898) * Math.cos(at * 78.233) * (at % 50 === 7 ? 40 : 3)),
  )
  return { values, columns }
}

/** The constants of stacked weights, as lowering would ask for them. */
function constantsOf(weights: WeightSource, names: readonly string[], format: BlockFormat, layout: BlockLayout) {
  const reader = new ContentReader(weights)
  const read = (content: Content) =>
    Buffer.concat(Array.from(reader.chunks(content), chunk => chunk.slice())).toString('base64')
  return {
    levels: read({ kind: 'levels', names, format, layout }),
    scales: read({ kind: 'scales', names, format, type: 'f32' }),
    zeros: format.isSymmetric ? null : read({ kind: 'zeros', names, format, layout }),
  }
}

/**
 * What the constants stand for by the documents of ONNX and of onnxruntime, and what plain rounding gives: levels spread from
 * the smallest value to the largest with zero among them, as QuantizeLinear's users do.
 */
const DECODE = `
import base64, json, sys
import numpy, onnx
from onnx.reference import ReferenceEvaluator

cases = json.load(open(sys.argv[1]))

def data(text, type):
    return numpy.frombuffer(base64.b64decode(text), type)

def by_onnx(levels, scales, zeros, rows, columns, bits, block):
    """DequantizeLinear as onnx.reference computes it."""
    kind = {(4, True): "INT4", (8, True): "INT8", (4, False): "UINT4", (8, False): "UINT8"}[bits, zeros is None]
    stored = {"levels": ([rows, columns], levels), "zeros": ([rows, -(-columns // block)], zeros)}
    tensors = [
        onnx.TensorProto(name=name, dims=dims, data_type=getattr(onnx.TensorProto, kind), raw_data=base64.b64decode(text))
        for name, (dims, text) in stored.items() if text is not None
    ]
    scale = onnx.numpy_helper.from_array(data(scales, "<f4").reshape(rows, -1), "scales")
    names = ["levels", "scales"] + (["zeros"] if zeros is not None else [])
    node = onnx.helper.make_node("DequantizeLinear", names, ["w"], axis=1, block_size=block)
    output = onnx.helper.make_tensor_value_info("w", onnx.TensorProto.FLOAT, [rows, columns])
    graph = onnx.helper.make_graph([node], "dequantise", [], [output], [*tensors, scale])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 21)], ir_version=10)
    return ReferenceEvaluator(model).run(None, {})[0]

def by_contrib(levels, scales, zeros, rows, columns, bits, block):
    """MatMulNBits by onnxruntime's ContribOperators.md: B [N, blocks, blob], zero_points padded to bytes in each row."""
    blocks = -(-columns // block)
    def unpack(text, width):
        packed = data(text, "u1").reshape(rows, -1)
        if bits == 8:
            return packed
        halves = numpy.stack([packed & 15, packed >> 4], -1).reshape(rows, -1)
        return halves[:, :width]
    level = unpack(levels, blocks * block).reshape(rows, blocks, block).astype("f4")
    zero = numpy.full((rows, blocks), 2 ** (bits - 1)) if zeros is None else unpack(zeros, blocks)
    scale = data(scales, "<f4").reshape(rows, blocks, 1)
    return (scale * (level - zero.reshape(rows, blocks, 1))).reshape(rows, -1)[:, :columns]

def plain(w, bits, block, symmetric):
    rows, columns = w.shape
    padded = numpy.pad(w, ((0, 0), (0, -columns % block))).reshape(rows, -1, block)
    low, high = numpy.minimum(padded.min(2, keepdims=True), 0), numpy.maximum(padded.max(2, keepdims=True), 0)
    top, middle = 2 ** bits - 1, 2 ** (bits - 1)
    scale = numpy.maximum(-low, high) / (middle - 1) if symmetric else (high - low) / top
    scale = numpy.where(scale == 0, 1, scale)
    zero = numpy.full_like(scale, middle) if symmetric else numpy.clip(numpy.rint(-low / scale), 0, top)
    return (scale * (numpy.clip(numpy.rint(padded / scale) + zero, 0, top) - zero)).reshape(rows, -1)[:, :columns]

def effective(stored, columns, block):
    """The matrix [rows, columns] whose product with x is that of a stored row with x, its blocks' sums, and these again."""
    own = -(-columns // block)
    offsets = -(-own // block) * block
    first, second = stored[:, own * block:own * block + offsets], stored[:, own * block + offsets:]
    assert second.shape == first.shape
    return stored[:, :columns] + numpy.repeat((first + second)[:, :own], block, 1)[:, :columns]

answers = []
for case in cases:
    columns, bits, block = case["columns"], case["bits"], case["block"]
    w = numpy.array(case["values"], "f4").reshape(-1, columns)
    own = -(-columns // block)
    width = (own + 2 * -(-own // block)) * block if case["offsets"] else columns
    onnx_w = by_onnx(**case["rows"], rows=len(w), columns=width, bits=bits, block=block)
    contrib_w = by_contrib(**case["blocks"], rows=len(w), columns=width, bits=bits, block=block)
    if case["offsets"]:
        onnx_w, contrib_w = effective(onnx_w, columns, block), effective(contrib_w, columns, block)
    norm = numpy.linalg.norm
    answers.append({
        "apart": float(numpy.abs(onnx_w - contrib_w).max()),
        "error": float(norm(onnx_w - w) / norm(w)),
        "plain": float(norm(plain(w, bits, block, case["symmetric"]) - w) / norm(w)),
    })
print(json.dumps(answers))`

const python = findPython(['onnx', 'numpy'])
const Answers = z.array(z.object({ apart: z.number(), error: z.number(), plain: z.number() }))

test.skipIf('missing' in python)(
  `weights in blocks are one matrix to DequantizeLinear and to MatMulNBits, no further from the weights than plain rounding${'missing' in python ? ` (${python.missing})` : ''}`,
  () => {
    const cases = FORMATS.flatMap(format =>
      [64, 80, 33, 1056].map(columns => {
        const matrices = { a: matrixOf(5, columns), b: matrixOf(2, columns) }
        const weights = weightsOf(matrices)
        return {
          ...{ columns, bits: format.bits, block: format.block },
          ...{ symmetric: format.isSymmetric, offsets: format.hasOffsets },
          values: [...matrices.a.values, ...matrices.b.values],
          rows: constantsOf(weights, ['a', 'b'], format, 'rows'),
          blocks: constantsOf(weights, ['a', 'b'], format, 'blocks'),
        }
      }),
    )
    const path = join(temporaryDirectory(), 'cases.json')
    writeFileSync(path, JSON.stringify(cases))
    const answers = Answers.parse(JSON.parse(runPython(python, DECODE, path)))
    expect(answers).toHaveLength(cases.length)
    for (const { apart, error, plain } of answers) {
      expect(apart).toBeLessThan(1e-5) // of values up to 40: NumPy rounds the product in another order
      expect(error).toBeLessThanOrEqual(plain * (1 + 1e-5))
      expect(error).toBeGreaterThan(plain / 2)
    }
  },
)

describe.each(FORMATS.map(format => [nameOf(format), format] as const))('weights of %s', (_, format) => {
  const levelsOf = (weights: WeightSource) =>
    bytesOf({ kind: 'levels', names: ['w'], format, layout: 'blocks' }, weights)
  const scalesOf = (weights: WeightSource, type: 'f32' | 'f16' = 'f32') =>
    floatsOf({ kind: 'scales', names: ['w'], format, type }, weights, type)

  test('of zeros are zeros, with a scale that is no zero and no NaN', () => {
    const weights = weightsOf({ w: { values: new Float32Array(2 * format.block), columns: format.block } })
    expect(new Set(scalesOf(weights))).toEqual(new Set([1]))
    const zero = format.isSymmetric ? 2 ** (format.bits - 1) : 0
    expect(new Set(levelsOf(weights))).toEqual(new Set([format.bits === 4 ? zero * 17 : zero]))
  })

  test('that lie on a grid of that many levels around a zero are met exactly', () => {
    const top = format.isSymmetric ? 2 ** format.bits - 2 : 2 ** format.bits - 1
    const low = format.isSymmetric ? -top / 2 : -5
    const values = Float32Array.from({ length: format.block }, (_, at) => (low + ((at * 7) % (top + 1))) / 4)
    values[1] = low / 4
    values[2] = (low + top) / 4
    const weights = weightsOf({ w: { values, columns: format.block } })
    expect(scalesOf(weights)[0]).toBe(0.25)
    expect(scalesOf(weights, 'f16')[0]).toBe(0.25)
  })

  test.each(['bf16', 'f16'] as const)('of a %s checkpoint are those of its values', type => {
    const values = Float32Array.from({ length: 2 * format.block }, (_, at) => ((at * 37) % 61) - 30) // exact in any type
    const matrix = { w: { values, columns: format.block } }
    expect(levelsOf(weightsOf(matrix, type))).toEqual(levelsOf(weightsOf(matrix)))
    expect(scalesOf(weightsOf(matrix, type))).toEqual(scalesOf(weightsOf(matrix)))
  })
})

test('levels and scales of a matrix that is read in many pieces are those of its rows', () => {
  const format: BlockFormat = { bits: 8, block: 32, isSymmetric: false, hasOffsets: false }
  const { values, columns } = matrixOf(2000, 1024) // 8 MB
  const read = (kind: 'levels' | 'zeros', from: number, to: number) => {
    const rows = weightsOf({ w: { values: values.subarray(from * columns, to * columns), columns } })
    return Buffer.from(bytesOf({ kind, names: ['w'], format, layout: 'rows' }, rows))
  }
  const [levels, zeros] = [read('levels', 0, 2000), read('zeros', 0, 2000)]
  for (const row of [0, 1023, 1024, 1025, 1999]) {
    expect(levels.subarray(row * columns, (row + 1) * columns).equals(read('levels', row, row + 1))).toBe(true)
    expect(zeros.subarray(row * 32, (row + 1) * 32).equals(read('zeros', row, row + 1))).toBe(true)
  }
})

test.skipIf('missing' in python)(
  'with offsets, weights on a grid of 16 levels from any minimum on are met to a hundredth of a step',
  () => {
    const format: BlockFormat = { bits: 4, block: 32, isSymmetric: false, hasOffsets: true }
    // As ggml's Q4_1 has them: scale d and minimum m of each block, levels 0 to 15 among which both ends are.
    const grids = Array.from({ length: 3 * 40 }, (_, at) => ({ d: 1 + Math.sin(at) / 3, m: -8 + 3 * Math.cos(at * 7) }))
    const values = Float32Array.from({ length: grids.length * 32 }, (_, at) => {
      const { d, m } = grids[Math.floor(at / 32)] ?? { d: 0, m: 0 }
      return m + d * (at % 32 < 16 ? at % 16 : (at * 5) % 16)
    })
    const weights = weightsOf({ w: { values, columns: 1280 } })
    const path = join(temporaryDirectory(), 'cases.json')
    const shape = { columns: 1280, bits: 4, block: 32, symmetric: false, offsets: true }
    const stored = {
      rows: constantsOf(weights, ['w'], format, 'rows'),
      blocks: constantsOf(weights, ['w'], format, 'blocks'),
    }
    writeFileSync(path, JSON.stringify([{ ...shape, values: [...values], ...stored }]))
    const [answer] = Answers.parse(JSON.parse(runPython(python, DECODE, path)))
    const rms = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)
    expect((answer?.error ?? 1) * rms).toBeLessThan(0.01)
    expect((answer?.plain ?? 0) * rms).toBeGreaterThan(0.1)
  },
)

test('scales and zeros are those of the levels, whichever is asked for first, and of which matrix', () => {
  const format: BlockFormat = { bits: 4, block: 32, isSymmetric: false, hasOffsets: false }
  const weights = weightsOf({ a: matrixOf(3, 64), b: matrixOf(5, 96) })
  const contents = (['a', 'b'] as const).flatMap(name => [
    { kind: 'levels', names: [name], format, layout: 'blocks' } as const,
    { kind: 'scales', names: [name], format, type: 'f32' } as const,
    { kind: 'zeros', names: [name], format, layout: 'blocks' } as const,
  ])
  const reader = new ContentReader(weights)
  const read = (content: Content) => Buffer.concat(Array.from(reader.chunks(content), chunk => chunk.slice()))
  for (const order of [
    [0, 1, 2, 3, 4, 5],
    [5, 4, 3, 2, 1, 0],
    [0, 4, 2, 3, 1, 5],
  ])
    for (const at of order) {
      const content = contents[at]
      if (content) expect([...read(content)]).toEqual([...bytesOf(content, weights)])
    }
})

test('a matrix whose constants are asked for one after the other is read once', () => {
  const format: BlockFormat = { bits: 4, block: 32, isSymmetric: false, hasOffsets: false }
  const weights = weightsOf({ w: matrixOf(3, 64) })
  let reads = 0
  const reader = new ContentReader({
    ...weights,
    read: (...range) => {
      reads++
      return weights.read(...range)
    },
  })
  const drain = (content: Content) => Array.from(reader.chunks(content)).length
  drain({ kind: 'levels', names: ['w'], format, layout: 'rows' })
  drain({ kind: 'scales', names: ['w'], format, type: 'f32' })
  drain({ kind: 'zeros', names: ['w'], format, layout: 'rows' })
  expect(reads).toBe(1)
})

describe('float weights', () => {
  test.each([
    ['f32', 'f32'],
    ['bf16', 'f32'],
    ['f16', 'f32'],
    ['bf16', 'f16'],
    ['f32', 'f16'],
  ] as const)('of a %s checkpoint as %s are its values, stacked', (from, to) => {
    const weights = weightsOf(
      {
        a: { values: Float32Array.of(1, -2, 0.5), columns: 1 },
        b: { values: Float32Array.of(1024, 0.0625), columns: 1 },
      },
      from,
    )
    expect(floatsOf({ kind: 'weights', names: ['b', 'a'], type: to }, weights, to)).toEqual([1024, 0.0625, 1, -2, 0.5])
  })
})

test('values that lowering made are written as they are', () => {
  const tensor = tensorOf([3], Int32Array.of(1, -2, 3))
  expect(bytesOf({ kind: 'values', tensor }, weightsOf({}))).toEqual(tensor.bytes)
})
