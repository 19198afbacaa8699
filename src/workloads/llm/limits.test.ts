import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { TINY_CONFIG, traceLanguage } from '../../../tests/checkpoints.ts'
import { temporaryDirectory } from '../../../tests/temporary.ts'
import { limitsOf } from './limits.ts'

const graph = traceLanguage(TINY_CONFIG, 'tiny')

function limits(config: Record<string, unknown>, generation?: string) {
  const directory = temporaryDirectory()
  if (generation !== undefined) writeFileSync(join(directory, 'generation_config.json'), generation)
  return limitsOf(graph, config, directory)
}

test('a model is bounded by its vocabulary and its positions', () => {
  expect(limitsOf(graph, {}, null)).toMatchObject({
    vocabulary: 96,
    positions: 96,
    stop: [],
    windows: [null, null],
    positioning: 'relative',
  })
})

test.each<[string, Record<string, unknown>, string | undefined, number[]]>([
  ['of generation_config.json', { eos_token_id: 1 }, '{"eos_token_id": 2}', [2]],
  ['of generation_config.json, where it has several', {}, '{"eos_token_id": [2, 3]}', [2, 3]],
  ['of config.json where that names none', { eos_token_id: [4, 5] }, '{"eos_token_id": null}', [4, 5]],
  ['of config.json where there is no other file', { eos_token_id: 6 }, undefined, [6]],
  ['of config.json where the other cannot be read', { eos_token_id: 6 }, '{', [6]],
  ['inside the vocabulary only', { eos_token_id: [-1, 95, 96] }, undefined, [95]],
])('a generation stops at the tokens %s', (_, config, generation, stop) => {
  expect(limits(config, generation).stop).toEqual(stop)
})
