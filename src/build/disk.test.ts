import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../../tests/temporary.ts'
import { buildArtifact, exportOnnx } from './artifact.ts'
import { exportCheckpoint } from './checkpoint.ts'
import { checkRoom, freeBytes } from './disk.ts'
import { openModel } from './model.ts'

/** More than any disk holds. */
const ENORMOUS = 2 ** 52

test('the free bytes of a path that is not there yet are those of the disk that it will lie on', () => {
  const folder = temporaryDirectory()
  const there = freeBytes(folder)
  expect(there).toBeGreaterThan(0)
  // Others write to the disk meanwhile.
  expect(Math.abs(freeBytes(join(folder, 'not', 'there', 'yet')) - there)).toBeLessThan(there / 2)
})

test('what does not fit is refused with both figures, the place and the way out', () => {
  const folder = temporaryDirectory()
  expect(() => checkRoom(join(folder, 'a.onnx'), ENORMOUS)).toThrow(
    expect.objectContaining({
      code: 'file-unwritable',
      message: expect.stringMatching(/^4503599\.6 GB do not fit the [\d.]+ [GM]B that the disk has free$/),
      where: join(folder, 'a.onnx'),
      hint: expect.stringContaining('ASSAY_HOME'),
    }),
  )
  expect(() => checkRoom(folder, 0)).not.toThrow()
})

test('a model of four trillion parameters is built and exported in no form, and nothing is left behind', () => {
  const folder = temporaryDirectory()
  const listed = openModel('arch/llama-3-70b@4')
  if (listed.kind !== 'llm') throw new Error('no language model')
  // Were it not refused, this would fill the disk.
  const read = () => {
    throw new Error('a weight was read')
  }
  const model = { ...listed, openWeights: () => ({ ...listed.openWeights(), read }) }
  const refused = expect.objectContaining({ code: 'file-unwritable', message: expect.stringContaining('do not fit') })
  expect(() => exportOnnx(model, 'fp32', 'portable', join(folder, 'a.onnx'))).toThrow(refused)
  expect(() => exportCheckpoint(model, join(folder, 'model'))).toThrow(refused)
  expect(() => buildArtifact(model, 'fp32', 'ort', join(folder, 'home'))).toThrow(refused)
  expect(readdirSync(folder)).toEqual([])
})
