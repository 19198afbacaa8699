import { expect, test } from 'vitest'
import { ahead } from './ahead.ts'

test('values come in order, and no more are made ahead than so many beside the one that is taken', async () => {
  let [making, most, taken] = [0, 0, 0]
  const made: number[] = []
  const make = async (item: number) => {
    making++
    most = Math.max(most, making - taken)
    // The later ones are ready first.
    await new Promise(resolve => setImmediate(resolve))
    made.push(item)
    return item * 10
  }
  const given: number[] = []
  for await (const value of ahead([1, 2, 3, 4, 5, 6, 7], make, 3)) {
    taken++
    given.push(value)
  }
  expect(given).toEqual([10, 20, 30, 40, 50, 60, 70])
  expect(most).toBe(3 + 1)
})

test('what goes wrong with one is thrown at its place, after what came before it', async () => {
  const given: number[] = []
  const make = (item: number) => (item === 3 ? Promise.reject(new Error('three')) : Promise.resolve(item))
  await expect(async () => {
    for await (const value of ahead([1, 2, 3, 4], make, 4)) given.push(value)
  }).rejects.toThrow('three')
  expect(given).toEqual([1, 2])
})
