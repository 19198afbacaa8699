import { describe, expect, test } from 'vitest'
import { legible, lookOf, printable, symbol, widthOf } from './look.ts'

const terminal = { write: () => true, isTTY: true, columns: 90 }
const pipe = { write: () => true }
const hasColors = (stream: typeof terminal | typeof pipe, env: Record<string, string>) =>
  lookOf(stream, env).colors.isColorSupported

describe('colours', () => {
  test.each([
    ['on a terminal', terminal, {}, true],
    ['in a pipe', pipe, {}, false],
    ['on a dumb terminal', terminal, { TERM: 'dumb' }, false],
    ['in a pipe where FORCE_COLOR asks for them', pipe, { FORCE_COLOR: '1' }, true],
    ['on a terminal where FORCE_COLOR forbids them', terminal, { FORCE_COLOR: '0' }, false],
    ['on a terminal where NO_COLOR forbids them', terminal, { NO_COLOR: '1' }, false],
    ['where both are set: NO_COLOR is a wish', terminal, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
    ['where NO_COLOR is empty, and so not set', terminal, { NO_COLOR: '' }, true],
  ])('%s', (_, stream, env, expected) => expect(hasColors(stream, env)).toBe(expected))
})

test('only a terminal that nobody logs is drawn over', () => {
  expect(lookOf(terminal, {}).isLive).toBe(true)
  expect(lookOf(terminal, { CI: 'true' }).isLive).toBe(false)
  expect(lookOf(pipe, { FORCE_COLOR: '1' }).isLive).toBe(false)
})

test('the width is that given, else the stream’s, else that of a log', () => {
  expect([widthOf(terminal, 70), widthOf(terminal, undefined), widthOf(pipe, undefined), widthOf(pipe, 10)]).toEqual([
    70, 90, 120, 40,
  ])
})

test('a terminal without Unicode gets ASCII', () => {
  const [rich, poor] = [lookOf(pipe, { LANG: 'en_US.UTF-8' }), lookOf(pipe, { LANG: 'C' })]
  expect([symbol(rich, 'pass'), symbol(rich, 'fail')]).toEqual(['✓', '✗'])
  expect([symbol(poor, 'pass'), symbol(poor, 'fail')]).toEqual(['+', 'x'])
  expect(legible(poor, '≤ 1 − 3e-7 … → –')).toBe('<= 1 - 3e-7 ... -> -')
  expect(legible(rich, '≤')).toBe('≤')
})

test('text from outside can neither move the cursor nor change what was written', () => {
  expect(printable('a\x1b[2Jb\x1b]0;title\x07c\rd\be\u202ef\nline\ttab')).toBe('abcdef\nline\ttab')
})
