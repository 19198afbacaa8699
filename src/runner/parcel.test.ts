import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../../tests/temporary.ts'
import { writeOnnx } from '../onnx/write.ts'
import { checksum } from '../weights/checksums.ts'
import { parcelOf, pathIn } from './parcel.ts'

const namesOf = ({ files }: ReturnType<typeof parcelOf>) => files.map(({ name }) => name)

function writeGraph(path: string, bytes = new Uint8Array(8)): void {
  const port = (name: string) => ({ name, type: 'f32' as const, shape: [2] })
  writeOnnx(
    {
      name: 'sum',
      irVersion: 8,
      opsets: { '': 13 },
      producer: { name: 'test', version: '' },
      nodes: [{ name: 'n', operator: 'Add', domain: '', inputs: ['x', 'w'], outputs: ['y'], attributes: {} }],
      inputs: [port('x')],
      outputs: [port('y')],
      initializers: [{ ...port('w'), chunks: () => [bytes] }],
      metadata: {},
    },
    path,
    { externalThresholdBytes: 1 },
  )
}

test('a graph goes with the files of its weights, and with nothing else of its folder', () => {
  const folder = temporaryDirectory()
  const path = join(folder, 'model.onnx')
  writeGraph(path)
  writeFileSync(join(folder, 'notes.txt'), 'not of the model')
  expect(namesOf(parcelOf('onnx', path, checksum))).toEqual(['model.onnx', 'model.onnx.data'])
  expect(pathIn('/far/key', 'onnx', path)).toBe('/far/key/model.onnx')
})

test('a directory goes with config, weights and tokenizer, without goldens and other formats', () => {
  const folder = temporaryDirectory()
  const wanted = ['config.json', 'merges.txt', 'model-00001-of-00002.safetensors', 'tokenizer.json', 'tokenizer.model']
  for (const name of [...wanted, 'pytorch_model.bin', 'README.md', 'workload.json', 'heldout.txt', '.gitattributes'])
    writeFileSync(join(folder, name), name)
  mkdirSync(join(folder, 'goldens'))
  writeFileSync(join(folder, 'goldens', 'torch.safetensors'), '')
  mkdirSync(join(folder, 'folder.json'))
  expect(namesOf(parcelOf('huggingface', folder, checksum))).toEqual(wanted)
  expect(pathIn('/far/key', 'huggingface', folder)).toBe('/far/key')
})

test('the key is that of the content and of nothing else: neither of the place nor of the time', () => {
  const [one, other, changed] = [temporaryDirectory(), temporaryDirectory(), temporaryDirectory()]
  for (const folder of [one, other]) writeGraph(join(folder, 'model.onnx'))
  writeGraph(join(changed, 'model.onnx'), Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1))
  const keyIn = (folder: string) => parcelOf('onnx', join(folder, 'model.onnx'), checksum).key
  expect(keyIn(one)).toBe(keyIn(other))
  expect(keyIn(changed)).not.toBe(keyIn(one))
  expect(keyIn(one)).toMatch(/^[a-z0-9-]{1,128}$/)
})
