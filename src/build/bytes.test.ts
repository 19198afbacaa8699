import { expect, test } from 'vitest'
import { showBytes } from './bytes.ts'

test.each([
  [0, '0.0 MB'],
  [524_288, '0.5 MB'],
  [9_949_999, '9.9 MB'],
  [9_950_000, '10 MB'],
  [168_000_000, '168 MB'],
  [999_499_999, '999 MB'],
  [999_500_000, '1.0 GB'],
  [282_214_825_984, '282.2 GB'],
])('%d bytes are %s', (bytes, shown) => {
  expect(showBytes(bytes)).toBe(shown)
})
