import { mkdirSync, readFileSync, realpathSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { create, toBinary } from '@bufbuild/protobuf'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findPython, runPython } from '../../tests/python.ts'
import { temporaryDirectory } from '../../tests/temporary.ts'
import { AssayError } from '../errors.ts'
import type { OnnxInitializer } from './model.ts'
import { AttributeProto_AttributeType, ModelProtoSchema, TensorProto_DataLocation } from './onnx_pb.ts'
import { readOnnx } from './read.ts'
import { readOnnxSignature } from './signature.ts'
import { writeOnnx } from './write.ts'

const hex = ({ chunks }: OnnxInitializer) => Buffer.concat(Array.from(chunks(), chunk => chunk.slice())).toString('hex')

type External = Readonly<Record<string, string>>

/** A model whose only initializer, fp32 [2], claims to be at `external`, beside a data file of 8 bytes. */
function withExternal(external: External, shape = [2n]): string {
  const folder = join(temporaryDirectory(), 'model')
  mkdirSync(folder)
  const path = join(folder, 'm.onnx')
  const initializer = {
    name: 'w',
    dataType: 1,
    dims: shape,
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: Object.entries(external).map(([key, value]) => ({ key, value })),
  }
  writeFileSync(path, toBinary(ModelProtoSchema, create(ModelProtoSchema, { graph: { initializer: [initializer] } })))
  writeFileSync(join(folder, 'w.data'), new Uint8Array(Float32Array.of(1, 2).buffer))
  return path
}

function problem(path: string, read: (path: string) => unknown = readOnnx, codes = ['onnx-invalid']): string {
  try {
    read(path)
  } catch (error) {
    if (error instanceof AssayError && codes.includes(error.code) && error.where?.startsWith(path)) return error.message
    throw error
  }
  return 'none'
}

describe('external data is refused when', () => {
  test('never, where it is right: offset and length may be left out', () => {
    for (const external of [{ location: 'w.data', offset: '0', length: '8' }, { location: './w.data' }]) {
      const path = withExternal(external)
      expect(readOnnx(path).initializers.map(hex)).toEqual(['0000803f00000040'])
    }
  })

  test.each<[string, External, string]>([
    ['its location is absolute', { location: '/etc/passwd' }, "outside the model's folder"],
    ['its location is absolute on Windows', { location: 'C:\\w.data' }, "outside the model's folder"],
    ['its location climbs', { location: '../w.data' }, "outside the model's folder"],
    ['its location climbs in the middle', { location: 'a/../../w.data' }, "outside the model's folder"],
    ['its location climbs by backslashes', { location: 'a\\..\\..\\w.data' }, "outside the model's folder"],
    ['it has no location', { offset: '0' }, "outside the model's folder"],
    ['its location ends a string early', { location: 'w.data\0.bin' }, "outside the model's folder"],
    ['its file is not there', { location: 'v.data' }, 'cannot be read'],
    ['its file is the folder', { location: '.' }, "out of the model's folder"],
    ['it starts behind the end', { location: 'w.data', offset: '9', length: '8' }, 'spans bytes 9 to 17'],
    ['it ends behind the end', { location: 'w.data', offset: '4', length: '8' }, 'spans bytes 4 to 12'],
    ['without a length it ends behind the end', { location: 'w.data', offset: '4' }, 'spans bytes 4 to 12'],
    ['its offset is negative', { location: 'w.data', offset: '-4', length: '8' }, 'not a size'],
    ['its offset is no number', { location: 'w.data', offset: '0x0', length: '8' }, 'not a size'],
    ['its offset is beyond 2^53', { location: 'w.data', offset: '9007199254740993' }, 'not a size'],
    ['its length is not that of its shape', { location: 'w.data', length: '4' }, 'takes 8 bytes, not 4'],
  ])('%s', (_, external, message) => {
    expect(problem(withExternal(external))).toContain(message)
  })

  test('a link leads out of the folder, by file or by directory', () => {
    const outside = temporaryDirectory()
    writeFileSync(join(outside, 'w.data'), new Uint8Array(8))
    const byFile = withExternal({ location: 'link.data' })
    symlinkSync(join(outside, 'w.data'), join(dirname(byFile), 'link.data'))
    expect(problem(byFile)).toContain('is a link out of')
    const byDirectory = withExternal({ location: 'sub/w.data' })
    symlinkSync(outside, join(dirname(byDirectory), 'sub'))
    expect(problem(byDirectory)).toContain('is a link out of')
    const sibling = withExternal({ location: 'link.data' }) // a folder whose name only begins with the model's
    mkdirSync(`${dirname(sibling)}-evil`)
    writeFileSync(join(`${dirname(sibling)}-evil`, 'w.data'), new Uint8Array(8))
    symlinkSync(join(`${dirname(sibling)}-evil`, 'w.data'), join(dirname(sibling), 'link.data'))
    expect(problem(sibling)).toContain('is a link out of')
  })

  test('a subgraph hides the bad location, and even if only the signature is read', () => {
    const path = join(temporaryDirectory(), 'm.onnx')
    const tensor = {
      name: 'deep',
      dataLocation: TensorProto_DataLocation.EXTERNAL,
      externalData: [{ key: 'location', value: '/etc/passwd' }],
    }
    const attribute = { name: 'then_branch', type: AttributeProto_AttributeType.GRAPH, g: { initializer: [tensor] } }
    const model = create(ModelProtoSchema, { graph: { node: [{ opType: 'If', attribute: [attribute] }] } })
    writeFileSync(path, toBinary(ModelProtoSchema, model))
    expect(problem(path, readOnnxSignature)).toContain("outside the model's folder")
  })

  test('not when model and data are links into one folder, as in the Hugging Face cache', () => {
    const target = withExternal({ location: 'blob' })
    const snapshot = temporaryDirectory()
    symlinkSync(target, join(snapshot, 'm.onnx'))
    symlinkSync(join(dirname(target), 'w.data'), join(snapshot, 'blob'))
    expect(readOnnx(join(snapshot, 'm.onnx')).initializers.map(hex)).toEqual(['0000803f00000040'])
  })
})

test('external data in an attribute is refused, since it would be lost where the model is written again', () => {
  const path = withExternal({ location: 'w.data' })
  const t = {
    name: 't',
    ...{ dataLocation: TensorProto_DataLocation.EXTERNAL, externalData: [{ key: 'location', value: 'w.data' }] },
  }
  const attribute = { name: 'value', type: AttributeProto_AttributeType.TENSOR, t }
  const model = create(ModelProtoSchema, { graph: { node: [{ opType: 'Constant', attribute: [attribute] }] } })
  writeFileSync(path, toBinary(ModelProtoSchema, model))
  expect(problem(path)).toContain("external data in a node's attribute")
  expect(readOnnxSignature(path).externalFiles).toEqual([realpathSync(join(dirname(path), 'w.data'))])
})

describe('a file is refused when', () => {
  const valid = () => {
    const path = join(temporaryDirectory(), 'm.onnx')
    const chunks = () => [new Uint8Array(8)]
    writeOnnx(
      {
        name: 'g',
        irVersion: 8,
        opsets: { '': 17 },
        producer: { name: '', version: '' },
        nodes: [{ name: 'n', operator: 'Identity', domain: '', inputs: ['w'], outputs: ['y'], attributes: {} }],
        inputs: [],
        outputs: [{ name: 'y', type: 'f32', shape: [2] }],
        initializers: [{ name: 'w', type: 'f32', shape: [2], chunks }],
        metadata: {},
      },
      path,
    )
    return path
  }

  test('it is cut anywhere within its graph', () => {
    const path = valid()
    const whole = readFileSync(path)
    const graphStart = whole.indexOf('Identity')
    for (let size = graphStart; size > 0; size--) {
      truncateSync(path, size)
      expect(problem(path)).not.toBe('none')
    }
  })

  test('it is empty, text, or a folder', () => {
    const path = valid()
    writeFileSync(path, '')
    expect(problem(path)).toBe('the file holds no graph')
    writeFileSync(path, 'version https://git-lfs.github.com/spec/v1\n')
    expect(problem(path)).not.toBe('none')
    expect(problem(dirname(path))).toBe('not a regular file')
    expect(() => readOnnx(`${path}.absent`)).toThrow(expect.objectContaining({ code: 'model-not-found' }))
  })

  test('it is any bytes at all: an AssayError or a model, never another error', () => {
    const path = valid()
    const whole = readFileSync(path)
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), edits => {
        const bytes = Buffer.from(whole)
        for (const [at, byte] of edits) bytes[at] = byte
        writeFileSync(path, bytes)
        expect(problem(path, readOnnx, ['onnx-invalid', 'onnx-unsupported'])).toEqual(expect.any(String))
      }),
      { numRuns: 300 },
    )
  })

  test.each<[string, Parameters<typeof create<typeof ModelProtoSchema>>[1], string]>([
    [
      'an initializer has too few bytes',
      { graph: { initializer: [{ dataType: 1, dims: [2n], rawData: new Uint8Array(4) }] } },
      'takes 8 bytes, but 4 are there',
    ],
    [
      'an initializer has too many values',
      { graph: { initializer: [{ dataType: 1, dims: [2n], floatData: [1, 2, 3] }] } },
      'takes 8 bytes, but 12 are there',
    ],
    [
      'an initializer has a negative size',
      { graph: { initializer: [{ dataType: 1, dims: [-1n, -2n] }] } },
      'is not a shape',
    ],
    [
      'an initializer has more elements than there are',
      { graph: { initializer: [{ dataType: 1, dims: [2n ** 40n, 2n ** 40n] }] } },
      'is not a shape',
    ],
    ['an input has no type', { graph: { input: [{ name: 's' }] } }, "'s' has no type"],
    [
      'an output has no rank',
      { graph: { output: [{ name: 'y', type: { value: { case: 'tensorType', value: { elemType: 1 } } } }] } },
      "'y' has no shape",
    ],
    ['it has functions of its own', { graph: {}, functions: [{ name: 'f' }] }, 'functions of its own'],
    ['it has sparse initializers', { graph: { sparseInitializer: [{}] } }, 'sparse'],
  ])('%s', (_, content, message) => {
    const path = join(temporaryDirectory(), 'm.onnx')
    writeFileSync(path, toBinary(ModelProtoSchema, create(ModelProtoSchema, content)))
    expect(problem(path)).toContain(message)
  })
})

describe('a file is well-formed and beyond what Assay holds, and says so by a code of its own, when', () => {
  const input = (value: object) => ({ graph: { input: [{ name: 's', type: { value } }] } })
  test.each<[string, object, string]>([
    ['an initializer is of strings', { graph: { initializer: [{ dataType: 8, dims: [0n] }] } }, 'type STRING'],
    ['an initializer is of no known type', { graph: { initializer: [{ dataType: 99, dims: [0n] }] } }, 'type 99'],
    ['an input is a sequence', input({ case: 'sequenceType', value: {} }), "'s' is a sequence, not a tensor"],
    ['an input is an optional', input({ case: 'optionalType', value: {} }), "'s' is an optional, not a tensor"],
    ['an input is a map', input({ case: 'mapType', value: {} }), "'s' is a map, not a tensor"],
    ['an input is of strings', input({ case: 'tensorType', value: { elemType: 8 } }), "'s' is a tensor of STRING"],
    [
      'an input is of float8',
      input({ case: 'tensorType', value: { elemType: 17 } }),
      "'s' is a tensor of FLOAT8E4M3FN",
    ],
  ])('%s', (_, content, message) => {
    const path = join(temporaryDirectory(), 'm.onnx')
    writeFileSync(path, toBinary(ModelProtoSchema, create(ModelProtoSchema, content)))
    expect(() => readOnnx(path)).toThrow(
      expect.objectContaining({ code: 'onnx-unsupported', message: expect.stringContaining(message) }),
    )
  })
})

test('a signature can be read where the whole cannot: types, functions and ranks that Assay does not hold', () => {
  const path = join(temporaryDirectory(), 'm.onnx')
  const tensor = (elemType: number, shape?: { dim: { value: { case: 'dimParam'; value: string } }[] }) =>
    ({ value: { case: 'tensorType', value: { elemType, ...(shape && { shape }) } } }) as const
  const model = create(ModelProtoSchema, {
    irVersion: 3n,
    opsetImport: [{ domain: 'ai.onnx', version: 9n }],
    functions: [{ name: 'f' }],
    graph: {
      initializer: [{ name: 'w4', dataType: 22, dims: [2n], rawData: new Uint8Array(1) }],
      input: [
        { name: 'w4', type: tensor(22) },
        { name: 'x', type: tensor(10, { dim: [{ value: { case: 'dimParam', value: 'n' } }] }) },
      ],
      output: [{ name: 'y', type: tensor(1) }],
    },
  })
  writeFileSync(path, toBinary(ModelProtoSchema, model))
  expect(readOnnxSignature(path)).toMatchObject({
    irVersion: 3,
    opsets: { '': 9 },
    inputs: [{ name: 'x', type: 'f16', shape: ['n'] }],
    outputs: [{ name: 'y', type: 'f32', shape: null }],
    externalFiles: [],
  })
})

describe('files written by the onnx package', () => {
  // Each type both as raw bytes and in its typed field; an If with subgraphs; an int64 attribute that no number holds.
  const script = `
import sys, numpy as np, onnx, ml_dtypes
from onnx import TensorProto as T, helper as h, numpy_helper
values = [0, 1, 1, 0, 1, 1]
kinds = dict(f32=T.FLOAT, f64=T.DOUBLE, f16=T.FLOAT16, bf16=T.BFLOAT16, i64=T.INT64, i32=T.INT32, i16=T.INT16, i8=T.INT8,
             u64=T.UINT64, u32=T.UINT32, u16=T.UINT16, u8=T.UINT8, bool=T.BOOL)
inits = []
for name, kind in kinds.items():
    array = np.array(values).reshape(2, 3).astype(h.tensor_dtype_to_np_dtype(kind))
    inits.append(h.make_tensor(name + '.typed', kind, [2, 3], array.flatten().tolist()))
    inits.append(numpy_helper.from_array(array, name + '.raw'))
branch = lambda name, value: h.make_graph([h.make_node('Constant', [], [name], value=h.make_tensor('', T.FLOAT, [], [value]))],
                                          name, [], [h.make_tensor_value_info(name, T.FLOAT, [])])
nodes = [h.make_node('If', ['cond'], ['y'], name='if', then_branch=branch('t', 1.0), else_branch=branch('e', 2.0)),
         h.make_node('Slice', ['x'], ['s'], name='slice', ends=[2**63 - 1], starts=[0]),
         h.make_node('Custom', ['x'], ['c'], name='c', domain='my', i=-5, big=2**63 - 1, f=0.5, s='text', ii=[1, 2], ff=[0.5], ss=['a', 'b'], b=b'\\xff',
                     t=h.make_tensor('', T.INT64, [2], [7, -8]))]
graph = h.make_graph(nodes, 'g', [h.make_tensor_value_info('cond', T.BOOL, []), h.make_tensor_value_info('x', T.FLOAT, ['n', None, 4])],
                     [h.make_tensor_value_info('y', T.FLOAT, [])], inits)
model = h.make_model(graph, opset_imports=[h.make_opsetid('', 9), h.make_opsetid('my', 1)], ir_version=8, producer_name='p')
h.set_model_props(model, {'k': 'v'})
onnx.save(model, sys.argv[1] + '/inline.onnx')
onnx.save(model, sys.argv[1] + '/external.onnx', save_as_external_data=True, location='weights.bin', size_threshold=0)
for name, kind in kinds.items():
    print(name, np.array(values).astype(h.tensor_dtype_to_np_dtype(kind)).tobytes().hex())`

  test('are read with every type, attribute and subgraph, and written again without a loss', ({ skip }) => {
    const python = findPython(['onnx', 'numpy', 'ml_dtypes'])
    if ('missing' in python) return skip(python.missing)
    const directory = temporaryDirectory()
    const lines = runPython(python, script, directory).trim().split('\n')
    const expected = new Map(lines.map(line => line.split(' ') as [string, string]))
    expect(expected.size).toBe(13)
    for (const file of ['inline.onnx', 'external.onnx']) {
      const model = readOnnx(join(directory, file))
      expect(model).toMatchObject({
        name: 'g',
        irVersion: 8,
        opsets: { '': 9, my: 1 },
        producer: { name: 'p', version: '' },
        metadata: { k: 'v' },
        inputs: [
          { name: 'cond', type: 'bool', shape: [] },
          { name: 'x', type: 'f32', shape: ['n', 'x_dim_1', 4] },
        ],
        outputs: [{ name: 'y', type: 'f32', shape: [] }],
      })
      expect(model.initializers).toHaveLength(26)
      for (const each of model.initializers) {
        const type = each.name.split('.')[0] ?? ''
        expect([each.name, each.type, each.shape, hex(each)]).toEqual([each.name, type, [2, 3], expected.get(type)])
      }
      expect(model.nodes[2]?.attributes).toMatchObject({
        ...{ i: { int: -5 }, f: { float: 0.5 }, s: { string: 'text' } },
        ...{ ii: { ints: [1, 2] }, ff: { floats: [0.5] }, ss: { strings: ['a', 'b'] } },
        b: { opaque: expect.any(Uint8Array) },
        big: { opaque: expect.any(Uint8Array) },
        t: { tensor: { type: 'i64', shape: [2] } },
      })
      expect(model.nodes[1]?.attributes).toMatchObject({ ends: { opaque: expect.any(Uint8Array) } })
      writeOnnx(model, join(directory, `again-${file}`))
    }
    const compare = `
import sys, onnx
from onnx import numpy_helper
nodes = [onnx.load(sys.argv[1] + '/' + f).graph.node for f in ('inline.onnx', 'again-inline.onnx', 'again-external.onnx')]
def parts(n): return (n.name, n.op_type, n.domain, list(n.input), list(n.output))
def attributes(n): return sorted((a.name, a.type, a.i, a.f, a.s, list(a.ints), list(a.floats), list(a.strings), a.g.SerializeToString(),
                                  numpy_helper.to_array(a.t).tolist() if a.HasField('t') else None) for a in n.attribute)
print(all(parts(a) == parts(b) and attributes(a) == attributes(b) for other in nodes[1:] for a, b in zip(nodes[0], other)))`
    expect(runPython(python, compare, directory).trim()).toBe('True')
  })
})
