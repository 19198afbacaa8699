import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { create, toBinary } from '@bufbuild/protobuf'
import { expect, test } from 'vitest'
import { ModelProtoSchema } from '../../src/onnx/onnx_pb.ts'
import { newSite } from './assay.ts'

/** A model whose input is a tensor of this ONNX type. */
function writeModel(path: string, elemType: number): void {
  const type = { value: { case: 'tensorType' as const, value: { elemType, shape: { dim: [] } } } }
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ version: 17n }],
    graph: {
      input: [{ name: 'x', type }],
      output: [{ name: 'y', type }],
      node: [{ opType: 'Identity', input: ['x'], output: ['y'] }],
    },
  })
  writeFileSync(path, toBinary(ModelProtoSchema, model))
}

test('a file of strings is skipped with the reason, and does not keep a plan from running; a broken one does', async () => {
  const site = newSite()
  writeModel(join(site.cwd, 'strings.onnx'), 8)
  mkdirSync(join(site.cwd, 'test_data_set_0'))
  const skipped = await site.assay('parity', 'strings.onnx', '--device', 'ort:cpu', '--json')
  expect(skipped.code).toBe(0)
  expect(JSON.parse(skipped.stdout).units).toMatchObject([
    { status: 'skip', reason: expect.stringMatching(/^'x' is a tensor of STRING \(.*strings\.onnx: x\)$/) },
  ])
  writeFileSync(join(site.cwd, 'broken.onnx'), 'no model')
  expect((await site.assay('parity', 'broken.onnx', '--device', 'ort:cpu')).code).toBe(2)
})
