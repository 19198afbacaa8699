import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../../tests/temporary.ts'
import { openWeights } from './directory.ts'
import { writeSafetensors, writeShardedSafetensors } from './safetensors-write.ts'

const weights = ['a', 'b', 'c', 'd'].map((name, i) => {
  const bytes = Uint8Array.from({ length: 4 * (i + 1) }, (_, at) => 16 * i + at)
  return { name, type: 'f32' as const, shape: [i + 1], chunks: () => [bytes] }
})
const INDEX = 'model.safetensors.index.json'

/** The four weights of 4, 8, 12 and 16 bytes in shards of at most 12: the first two, and each other alone. */
function sharded(): string {
  const directory = temporaryDirectory()
  writeShardedSafetensors(directory, weights, 12)
  return directory
}

function withIndex(directory: string, change: (map: Record<string, string>) => void): string {
  const path = join(directory, INDEX)
  const index = JSON.parse(readFileSync(path, 'utf8'))
  change(index.weight_map)
  writeFileSync(path, JSON.stringify(index))
  return directory
}

function expectInvalid(directory: string, message: string) {
  expect(() => openWeights(directory)).toThrow(
    expect.objectContaining({ code: 'weights-invalid', message: expect.stringContaining(message) }),
  )
}

test('one file and shards give the same weights', () => {
  const single = temporaryDirectory()
  writeShardedSafetensors(single, weights, 1e9)
  expect(readdirSync(single)).toEqual(['model.safetensors'])
  const many = sharded()
  expect(readdirSync(many).sort()).toEqual([
    'model-00001-of-00003.safetensors',
    'model-00002-of-00003.safetensors',
    'model-00003-of-00003.safetensors',
    INDEX,
  ])
  for (const directory of [single, many]) {
    const source = openWeights(directory)
    expect([...source.weights.keys()].sort()).toEqual(['a', 'b', 'c', 'd'])
    expect(source.weights.get('c')).toMatchObject({ type: 'f32', shape: [3] })
    for (const { name, chunks, shape } of weights) {
      const [bytes] = chunks()
      expect(source.read(name, 0, 4 * (shape[0] ?? 0))).toEqual(bytes)
    }
    expect([...source.read('d', 5, 2)]).toEqual([53, 54])
    source.close()
  }
})

test('the index has the total size and the map that Hugging Face reads', () => {
  const index = JSON.parse(readFileSync(join(sharded(), INDEX), 'utf8'))
  expect(index.metadata).toEqual({ total_size: 40 })
  expect(index.weight_map).toMatchObject({
    a: 'model-00001-of-00003.safetensors',
    d: 'model-00003-of-00003.safetensors',
  })
})

test('an empty directory is told what belongs there', () => {
  expectInvalid(temporaryDirectory(), 'no model.safetensors and no model.safetensors.index.json')
})

test('an index that lies is refused, with the weight and the shard', () => {
  const second = 'model-00002-of-00003.safetensors'
  expectInvalid(
    withIndex(sharded(), map => Object.assign(map, { ghost: second })),
    `'ghost' is in ${second}`,
  )
  expectInvalid(
    withIndex(sharded(), map => Object.assign(map, { a: second })),
    `'a' is in ${second}, but it is not`,
  )
  expectInvalid(
    withIndex(sharded(), map => delete map['a']),
    "holds 'a', which the index puts elsewhere or omits",
  )
  expectInvalid(
    withIndex(sharded(), map => Object.assign(map, { a: 'gone.safetensors' })),
    'gone.safetensors, which is not',
  )
  for (const way of ['../x.safetensors', '/etc/passwd', '..', 'sub/x.safetensors', '..\\x'])
    expectInvalid(
      withIndex(sharded(), map => Object.assign(map, { a: way })),
      'leads out of its folder',
    )
})

test('a weight that is in two shards is refused', () => {
  const directory = sharded()
  const again = weights.filter(({ name }) => name !== 'd')
  writeSafetensors(join(directory, 'model-00002-of-00003.safetensors'), again)
  expectInvalid(directory, 'which the index puts elsewhere')
})

test('a missing shard and a broken index are refused', () => {
  const directory = sharded()
  rmSync(join(directory, 'model-00003-of-00003.safetensors'))
  expectInvalid(directory, 'model-00003-of-00003.safetensors, which is not there')
  for (const [text, message] of [
    ['{', 'not JSON'],
    ['{"weight_map": {"a": 1}}', 'not an index'],
    ['{"weight_map": {"a": "x", "a": "y"}}', "names 'a' twice"],
  ] as const) {
    writeFileSync(join(directory, INDEX), text)
    expectInvalid(directory, message)
  }
})

test('what is not there cannot be read', () => {
  const source = openWeights(sharded())
  expect(() => source.read('ghost', 0, 1)).toThrow(RangeError)
  source.close()
})
