import { expect, test } from 'vitest'
import { MeasuredCeilings } from './measured-ceilings.ts'

test('what was measured holds for two minutes, and is then measured again', () => {
  let nowMs = 1000
  const ceilings = new MeasuredCeilings(() => nowMs)
  expect(ceilings.get('ort:cpu')).toBeUndefined()
  ceilings.set('ort:cpu', 2e10)
  nowMs += 120_000
  expect(ceilings.get('ort:cpu')).toBe(2e10)
  expect(ceilings.get('ort:cuda')).toBeUndefined()
  nowMs += 1
  expect(ceilings.get('ort:cpu')).toBeUndefined()
  ceilings.set('ort:cpu', 3e10)
  expect(ceilings.get('ort:cpu')).toBe(3e10)
})
