import { copyFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryDirectory } from '../../../tests/temporary.ts'
import { openTokenizer } from './tokenizer.ts'

const ZOO = resolve(import.meta.dirname, '..', '..', '..', 'zoo', 'llama')

test('the tokens of a text are decoded to it again', () => {
  const codec = openTokenizer(ZOO, 2048)
  const text = 'def gcd(a, b):\n    return a if b == 0 else gcd(b, a % b)  # élan, 12 °C'
  expect(codec?.decode(codec.encodePlain(text))).toBe(text)
  expect(codec?.encode(text).length).toBeGreaterThan(1)
})

test('a directory without a tokenizer has none', () => {
  expect(openTokenizer(temporaryDirectory(), 2048)).toBeNull()
})

describe('a tokenizer is refused', () => {
  test('that belongs to another model: it has ids beyond the embedding', () => {
    expect(() => openTokenizer(ZOO, 2047)).toThrow(
      expect.objectContaining({
        code: 'tokenizer-invalid',
        message: 'the tokenizer has ids up to 2047, the embedding only 2047 rows',
        where: join(ZOO, 'tokenizer.json'),
        hint: 'the tokenizer belongs to another model',
      }),
    )
  })

  test.each([
    ['{ "model": ', /JSON/],
    ['[]', /./],
    ['null', /not a JSON object/],
    ['{}', /./],
    ['{"model": {"type": "Telepathy"}}', /./],
  ])('whose file is %j', (text, message) => {
    const directory = temporaryDirectory()
    writeFileSync(join(directory, 'tokenizer.json'), text)
    expect(() => openTokenizer(directory, 2048)).toThrow(
      expect.objectContaining({ code: 'tokenizer-invalid', message: expect.stringMatching(message) }),
    )
  })

  test('whose config is not JSON', () => {
    const directory = temporaryDirectory()
    copyFileSync(join(ZOO, 'tokenizer.json'), join(directory, 'tokenizer.json'))
    writeFileSync(join(directory, 'tokenizer_config.json'), 'x')
    expect(() => openTokenizer(directory, 2048)).toThrow(
      expect.objectContaining({ code: 'tokenizer-invalid', where: join(directory, 'tokenizer_config.json') }),
    )
  })
})
