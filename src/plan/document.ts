/** A YAML document that knows the line of each of its keys. */
import { type Document, isAlias, isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { AssayError } from '../errors.ts'
import type { KeyPath } from './issue.ts'

/** Plans are written by people: a larger one is some other file. */
const LARGEST_CHARACTERS = 1 << 20
/** How many values aliases may stand for in all; the default of the YAML library, against documents that explode. */
const MOST_ALIASED = 100
const TOO_DEEP = 'nested too deeply to be a plan'
/** The library gives this as the text of an error of its own where its parser, not its reader, runs out of stack. */
const OVERFLOW = /call stack/

export interface PlanDocument {
  readonly value: unknown
  /** The line of the value at a path, or of its key; that of the nearest that is there where it is not. */
  lineOf(path: KeyPath, isKey: boolean): number
}

/** @throws AssayError `plan-invalid`, with the line */
export function parseYaml(text: string, file: string): PlanDocument {
  if (text.length > LARGEST_CHARACTERS)
    throw new AssayError('plan-invalid', `a plan of ${text.length} characters is too large`, { where: file })
  if (text.includes('\0')) throw new AssayError('plan-invalid', 'not text, so not a plan', { where: file })
  const lines = new LineCounter()
  const lineAt = (offset: number) => Math.max(1, lines.linePos(offset).line)
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
    const problem = document.errors[0] ?? document.warnings[0]
    if (problem !== undefined)
      throw new AssayError('plan-invalid', OVERFLOW.test(problem.message) ? TOO_DEEP : `not YAML: ${problem.message}`, {
        where: `${file}:${lineAt(problem.pos[0])}`,
      })
    return {
      value: document.toJS({ maxAliasCount: MOST_ALIASED }),
      lineOf: (path, isKey) => lineAt(offsetOf(document, path, isKey)),
    }
  } catch (error) {
    const message = explosion(error)
    if (message === null) throw error
    throw new AssayError('plan-invalid', message, { where: file })
  }
}

/** The library reports these two as JavaScript's own errors. */
function explosion(error: unknown): string | null {
  if (error instanceof RangeError) return TOO_DEEP
  if (error instanceof ReferenceError) return `its aliases stand for more than ${MOST_ALIASED} values`
  return null
}

function offsetOf(document: Document, path: KeyPath, isKey: boolean): number {
  const follow = (node: unknown): unknown => (isAlias(node) ? node.resolve(document) : node)
  let node: unknown = document.contents
  let offset = start(node) ?? 0
  for (const [depth, step] of path.entries()) {
    const parent = follow(node)
    if (isSeq(parent)) node = parent.items[Number(step)]
    else if (isMap(parent)) {
      const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(step))
      if (!isPair(pair)) return offset
      const isLast = depth === path.length - 1
      node = isLast && isKey ? pair.key : (pair.value ?? pair.key)
      // A value that begins on a line of its own is looked for at its key.
      if (isLast) return start(pair.key) ?? offset
    } else return offset
    offset = start(node) ?? offset
  }
  return offset
}

function start(node: unknown): number | null {
  return (node as Node | null | undefined)?.range?.[0] ?? null
}
