import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { duplicateKey } from './json-keys.ts'

test('a repeated key is found at any depth, however it is spelled', () => {
  expect(duplicateKey('{"a": 1, "a": 2}')).toBe('a')
  expect(duplicateKey('{"a": [{"b": 1}, {"c": {"d": 1, "d" : 2}}]}')).toBe('d')
  expect(duplicateKey('{"a": 1, "\\u0061": 2}')).toBe('a')
})

test('the same key in two objects, or as a value, is no repetition', () => {
  expect(duplicateKey('{"a": {"a": "a"}, "b": [{"a": 1}, {"a": 1}, "a", "a"], "c": "\\"a\\":"}')).toBeNull()
})

test('what JSON.stringify writes never repeats a key', () => {
  fc.assert(fc.property(fc.jsonValue(), value => duplicateKey(JSON.stringify(value)) === null))
})
