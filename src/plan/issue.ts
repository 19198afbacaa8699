/** A schema's complaint in the words of the person who writes a plan: what is wrong, and what is allowed. */
import type { z } from 'zod'
import { didYouMean } from './nearest.ts'

type Issue = z.core.$ZodIssue
export type KeyPath = readonly PropertyKey[]

export interface Complaint {
  readonly path: KeyPath
  /** Whether the key itself is wrong, and not its value. */
  readonly isKey: boolean
  readonly message: string
  readonly hint: string | null
}

/**
 * @param valueAt - the value that the plan has at a path
 * @param keysAt - the keys that the schema allows at a path, for suggestions
 */
export function explainIssue(
  issue: Issue,
  valueAt: (path: KeyPath) => unknown,
  keysAt: (path: KeyPath) => readonly string[],
): Complaint {
  const { path } = issue
  const value = valueAt(path)
  const complain = (message: string, hint: string | null = null): Complaint => ({ path, isKey: false, message, hint })
  switch (issue.code) {
    case 'unrecognized_keys': {
      const [key = ''] = issue.keys
      const hint = didYouMean(key, keysAt(path))
      return { path: [...path, key], isKey: true, message: `there is no key '${shorten(key)}' here`, hint }
    }
    case 'invalid_key': {
      const message = issue.issues[0]?.message ?? 'this key is not allowed'
      return { path, isKey: true, message, hint: null }
    }
    case 'invalid_type':
      if (value === undefined) return complain('this key is missing', `it takes ${typeName(issue.expected)}`)
      return complain(`expected ${typeName(issue.expected)}, found ${describe(value)}`)
    case 'invalid_value': {
      const allowed = issue.values.map(String)
      const hint = didYouMean(String(value), allowed)
      return complain(`${describe(value)} is not allowed here`, hint)
    }
    case 'too_big':
      return complain(`${amount(value, issue.origin)} is too much`, `at most ${size(issue.maximum, issue.origin)}`)
    case 'too_small':
      return complain(
        `${amount(value, issue.origin)} is too little`,
        `${issue.inclusive === false ? 'more than' : 'at least'} ${size(issue.minimum, issue.origin)}`,
      )
    case 'invalid_union':
      return explainUnion(issue, value, valueAt, keysAt)
    case 'invalid_format':
      return complain(`${describe(value)} is not allowed here`, issue.message)
    default:
      return complain(issue.message)
  }
}

/** Where one alternative fits in kind, its own complaint says the most: one that looked further in, or at the value's size. */
function explainUnion(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  value: unknown,
  valueAt: (path: KeyPath) => unknown,
  keysAt: (path: KeyPath) => readonly string[],
): Complaint {
  const fitting =
    issue.errors.find(([first]) => first !== undefined && first.path.length > 0) ??
    issue.errors.find(([first]) => first?.code === 'too_big' || first?.code === 'too_small' || first?.code === 'custom')
  const [first] = fitting ?? []
  if (first !== undefined) return explainIssue({ ...first, path: [...issue.path, ...first.path] }, valueAt, keysAt)
  const alternatives = issue.errors.flatMap(([one]) => (one === undefined ? [] : [alternative(one)]))
  const takesWords = alternatives.includes('a list') && !alternatives.includes('a number')
  const isBareWord = typeof value === 'string' && takesWords
  return {
    path: issue.path,
    isKey: false,
    message: `expected ${alternatives.join(' or ')}, found ${describe(value)}`,
    hint: isBareWord ? `a list of one is written [${shorten(value)}]` : null,
  }
}

function alternative(issue: Issue): string {
  if (issue.code === 'invalid_value') return issue.values.map(String).join(' or ')
  if (issue.code === 'invalid_type') return typeName(issue.expected)
  return issue.message
}

function typeName(expected: string): string {
  switch (expected) {
    case 'string':
      return 'text'
    case 'int':
      return 'a whole number'
    case 'number':
      return 'a number'
    case 'boolean':
      return 'true or false'
    case 'array':
      return 'a list'
    case 'object':
    case 'record':
      return 'a map of keys'
    default:
      return expected
  }
}

function describe(value: unknown): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  switch (typeof value) {
    case 'string':
      return `'${shorten(value)}'`
    case 'object':
      return 'a map of keys'
    default:
      return String(value)
  }
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

function amount(value: unknown, origin: string): string {
  if (Array.isArray(value)) return size(value.length, origin)
  return typeof value === 'string' ? size(value.length, origin) : String(value)
}

function size(limit: number | bigint, origin: string): string {
  if (origin === 'array') return limit === 1 ? '1 entry' : `${limit} entries`
  if (origin === 'string') return limit === 1 ? '1 character' : `${limit} characters`
  return String(limit)
}
