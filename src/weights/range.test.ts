import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../../tests/temporary.ts'
import { fileChunks } from './range.ts'

const content = Uint8Array.from({ length: 100 }, (_, i) => i)

test('the chunks of a range are its bytes in order, none larger than asked', () => {
  const path = join(temporaryDirectory(), 'file')
  writeFileSync(path, content)
  fc.assert(
    fc.property(fc.nat(100), fc.nat(100), fc.integer({ min: 1, max: 30 }), (offset, size, chunkBytes) => {
      const length = Math.min(size, 100 - offset)
      const chunks = Array.from(fileChunks({ path, offset, length }, 'onnx-invalid', chunkBytes), chunk =>
        chunk.slice(),
      )
      expect(Buffer.concat(chunks)).toEqual(Buffer.from(content.subarray(offset, offset + length)))
      expect(chunks.every(chunk => chunk.length <= chunkBytes)).toBe(true)
    }),
  )
})

test("a file that is cut while it is read is an error with the caller's code", () => {
  const path = join(temporaryDirectory(), 'file')
  writeFileSync(path, content)
  const chunks = fileChunks({ path, offset: 10, length: 90 }, 'onnx-invalid', 30)
  chunks.next()
  truncateSync(path, 50)
  expect(() => chunks.next()).toThrow(expect.objectContaining({ code: 'onnx-invalid', where: path }))
})
