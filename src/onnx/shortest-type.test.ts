import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../../tests/temporary.ts'
import { AttributeProto_AttributeType, ModelProtoSchema, type NodeProtoSchema } from './onnx_pb.ts'
import { shortestType } from './shortest-type.ts'

function shortest(content: MessageInitShape<typeof ModelProtoSchema>): string {
  const path = join(temporaryDirectory(), 'm.onnx')
  writeFileSync(path, toBinary(ModelProtoSchema, create(ModelProtoSchema, content)))
  return shortestType(path)
}

const tensor = (name: string, elemType: number) => ({
  name,
  type: { value: { case: 'tensorType' as const, value: { elemType } } },
})
const cast = (to: bigint, name = 'to'): MessageInitShape<typeof NodeProtoSchema> => ({
  opType: 'Cast',
  attribute: [{ name, type: AttributeProto_AttributeType.INT, i: to }],
})

test('a file of fp32, fp64, integers and truth values rounds as fp32', () => {
  expect(shortest({ graph: { input: [tensor('a', 1), tensor('b', 11), tensor('c', 7), tensor('d', 9)] } })).toBe('fp32')
  expect(shortest({ graph: {} })).toBe('fp32')
})

test.each<[string, MessageInitShape<typeof ModelProtoSchema>]>([
  ['an input', { graph: { input: [tensor('x', 10)] } }],
  ['an output', { graph: { output: [tensor('x', 10)] } }],
  ['a value in between', { graph: { valueInfo: [tensor('x', 10)] } }],
  ['a constant', { graph: { initializer: [{ name: 'w', dataType: 10, dims: [0n] }] } }],
  ['a cast', { graph: { node: [cast(10n)] } }],
  ['a type that an operator is told to compute in', { graph: { node: [cast(10n, 'softmax_precision')] } }],
  ['a cast in a local function', { graph: {}, functions: [{ name: 'f', node: [cast(10n)] }] }],
  [
    'a cast in a branch',
    {
      graph: {
        node: [{ attribute: [{ name: 'then', type: AttributeProto_AttributeType.GRAPH, g: { node: [cast(10n)] } }] }],
      },
    },
  ],
])('%s of fp16 makes it fp16', (_, content) => {
  expect(shortest(content)).toBe('fp16')
})

test('bf16 has fewer significant bits than fp16', () => {
  expect(shortest({ graph: { input: [tensor('a', 10), tensor('b', 16)] } })).toBe('bf16')
})

test('a number that names no type says nothing', () => {
  expect(shortest({ graph: { node: [cast(10n, 'axis')] } })).toBe('fp32')
})
