import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { writeOnnx } from '../../src/onnx/write.ts'
import { tensorOf } from '../../src/tensor.ts'
import { readSafetensors } from '../../src/weights/safetensors.ts'
import { writeSafetensors } from '../../src/weights/safetensors-write.ts'
import { writeCheckpoint } from '../checkpoints.ts'
import { newSite } from '../cli/assay.ts'

const weightsOf = (cwd: string) => join(cwd, 'model', 'model.safetensors')

/** Overwrites the header of a safetensors file with one of the same length. */
function lie(path: string, change: (header: string) => string): void {
  const bytes = readFileSync(path)
  const length = Number(bytes.readBigUInt64LE())
  const changed = change(bytes.toString('latin1', 8, 8 + length))
  if (changed.length > length) throw new Error('the lie is longer than the header')
  bytes.write(changed.padEnd(length), 8, 'latin1')
  writeFileSync(path, bytes)
}

/** One weight under another name, or of another shape. */
function rewrite(cwd: string, name: string, changed: { name?: string; shape?: number[] }): void {
  const { tensors } = readSafetensors(weightsOf(cwd))
  writeSafetensors(
    weightsOf(cwd),
    Object.entries(tensors).map(([own, tensor]) => {
      if (own !== name) return { name: own, ...tensor, chunks: () => [tensor.bytes] }
      const shape = changed.shape ?? tensor.shape
      const size = shape.reduce((product, axis) => product * axis, 4)
      return { name: changed.name ?? own, type: tensor.type, shape, chunks: () => [new Uint8Array(size)] }
    }),
    {},
  )
}

function writeGraph(cwd: string): string {
  const path = join(cwd, 'model.onnx')
  const port = (name: string) => ({ name, type: 'f32' as const, shape: [4] })
  writeOnnx(
    {
      name: 'g',
      irVersion: 8,
      opsets: { '': 13 },
      producer: { name: '', version: '' },
      nodes: [{ name: 'n', operator: 'Add', domain: '', inputs: ['x', 'w'], outputs: ['y'], attributes: {} }],
      inputs: [port('x')],
      outputs: [port('y')],
      initializers: [{ ...port('w'), chunks: () => [tensorOf([4], new Float32Array(4)).bytes] }],
      metadata: {},
    },
    path,
    { externalThresholdBytes: 1 },
  )
  return path
}

const UP = 'model.layers.0.mlp.up_proj.weight'

describe('a model that cannot be right is refused with exit code 2, before anything is written:', () => {
  test.each<[string, string, (cwd: string) => void, string, RegExp]>([
    [
      'a weight of another name',
      'model',
      cwd => rewrite(cwd, UP, { name: 'up' }),
      'weight-mismatch',
      /has no .*up_proj/,
    ],
    [
      'a weight of another shape',
      'model',
      cwd => rewrite(cwd, UP, { shape: [64, 64] }),
      'weight-mismatch',
      /up_proj\.weight is \[64,64\] in the checkpoint, the config asks for \[128,64\]/,
    ],
    [
      'weights cut short',
      'model',
      cwd => truncateSync(weightsOf(cwd), 60_000),
      'weights-invalid',
      /ends \d+ bytes after the file's end/,
    ],
    [
      'a huge header',
      'model',
      cwd => {
        const bytes = readFileSync(weightsOf(cwd))
        bytes.writeBigUInt64LE(2n ** 60n)
        writeFileSync(weightsOf(cwd), bytes)
      },
      'weights-invalid',
      /header/,
    ],
    [
      'offsets beyond the file',
      'model',
      cwd => lie(weightsOf(cwd), header => header.replace(/"data_offsets":\[0,(\d)/, '"data_offsets":[0,9')),
      'weights-invalid',
      /takes 24576 bytes, its offsets span \d+/,
    ],
    [
      'two weights in one place',
      'model',
      cwd =>
        lie(weightsOf(cwd), header => {
          const places = JSON.parse(header)
          places['model.embed_tokens.weight'] = places['lm_head.weight'] // of the same shape
          return JSON.stringify(places)
        }),
      'weights-invalid',
      /overlap|gap|covered|begins|offset/,
    ],
    [
      'an ONNX file whose data lies outside its folder',
      'model.onnx',
      cwd => {
        const path = writeGraph(cwd)
        const text = readFileSync(path).toString('latin1')
        writeFileSync(path, Buffer.from(text.replace('model.onnx.data', '../../etc/passw'), 'latin1'))
      },
      'onnx-invalid',
      /outside|\.\./,
    ],
    [
      'an ONNX file without its data',
      'model.onnx',
      cwd => rmSync(`${writeGraph(cwd)}.data`),
      'onnx-invalid',
      /model\.onnx\.data/,
    ],
    [
      'an ONNX file of other bytes',
      'model.onnx',
      cwd => writeFileSync(join(cwd, 'model.onnx'), 'garbage'),
      'onnx-invalid',
      /not a ModelProto/,
    ],
  ])('%s', async (_, model, break_, code, says) => {
    const site = newSite()
    writeCheckpoint(join(site.cwd, 'model'))
    break_(site.cwd)
    const before = site.written()
    const finished = await site.assay('parity', `./${model}`, '--device', 'ort:cpu', '--json')
    expect(finished.code).toBe(2)
    const { error } = JSON.parse(finished.stdout)
    expect(error.code).toBe(code)
    expect(`${error.message} ${error.where}`).toMatch(says)
    expect(site.written()).toEqual(before)
    expect(existsSync(site.home)).toBe(false)
  })
})
