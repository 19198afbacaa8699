import { array, assert, integer, property, stringMatching } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cut, displayWidth, pad, table, wrap } from './text.ts'

const plain = { indent: 0, header: (text: string) => text }

test('width counts columns: wide characters twice, marks and colours not at all', () => {
  expect(displayWidth('abc')).toBe(3)
  expect(displayWidth('模型')).toBe(4)
  expect(displayWidth('e\u0301')).toBe(1)
  expect(displayWidth('\x1b[31mred\x1b[39m')).toBe(3)
  expect(pad('模', 4)).toBe('模  ')
  expect(pad('1', 3, 'right')).toBe('  1')
})

test('a cut text fits, and shows that it was cut', () =>
  assert(
    property(stringMatching(/^[a-z模 ]{0,30}$/), integer({ min: 1, max: 20 }), (text, width) => {
      const shown = cut(text, width)
      expect(displayWidth(shown)).toBeLessThanOrEqual(width)
      if (displayWidth(text) <= width) expect(shown).toBe(text)
      else expect(shown.endsWith('…')).toBe(true)
    }),
  ))

test('wrapping loses no word, keeps line breaks and indentation, and every line fits unless one word does not', () => {
  assert(
    property(array(stringMatching(/^[a-z]{1,12}$/), { minLength: 1 }), integer({ min: 3, max: 30 }), (words, width) => {
      const lines = wrap(words.join(' '), width)
      expect(lines.join(' ')).toBe(words.join(' '))
      for (const line of lines) expect(line.includes(' ') ? displayWidth(line) : 0).toBeLessThanOrEqual(width)
    }),
  )
  expect(wrap('one\n  two', 40)).toEqual(['one', '  two'])
})

describe('a table', () => {
  test('aligns each column', () => {
    const lines = table(
      [{ header: ['name'] }, { header: ['value'], align: 'right' }],
      [
        ['a', '1'],
        ['longer', '1,000'],
      ],
      { width: 80, ...plain },
    )
    expect(lines).toEqual(['name    value', 'a           1', 'longer  1,000'])
  })

  test('wraps its flexible column where it would be too wide', () => {
    const lines = table(
      [{ header: ['name'] }, { header: ['reason'], isFlexible: true }],
      [['a', 'one two three four five six seven']],
      { width: 24, ...plain },
    )
    expect(lines.every(line => displayWidth(line) <= 24)).toBe(true)
    expect(lines.length).toBeGreaterThan(2)
  })
})
