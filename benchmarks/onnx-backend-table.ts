/** What onnxruntime's Python and Assay said of each ONNX backend test, side by side, as Markdown. Pure. */
import type { Status } from '../src/words.ts'

/** `refused`: what keeps a model from running at all, in onnxruntime's words or its binding's. */
export type RuntimeVerdict = 'pass' | 'fail' | 'refused'

export interface Row {
  /** `node`, `simple`, `pytorch-converted`, `pytorch-operator`, `real`. */
  readonly kind: string
  readonly name: string
  readonly runtime: { readonly verdict: RuntimeVerdict; readonly reason: string }
  readonly assay: { readonly status: Status; readonly reason: string }
}

const AGREEING: Readonly<Record<RuntimeVerdict, readonly Status[]>> = {
  pass: ['pass'],
  fail: ['fail'],
  refused: ['skip', 'error'],
}

export function agrees({ runtime, assay }: Row): boolean {
  return AGREEING[runtime.verdict].includes(assay.status)
}

/** Why a test is no pass, by what Assay said of it; the first that matches. */
const CAUSES: readonly [RegExp, string][] = [
  [/Unsupported model IR version/, 'onnxruntime reads no file of so new an IR version'],
  [/under development and support for this is limited/, 'onnxruntime has no released support for so new an opset'],
  [/is not a registered function/, 'onnxruntime has no such operator'],
  [
    /Could not find an implementation|Failed to find kernel|kernel is not supported/,
    'onnxruntime has no kernel for it',
  ],
  [/Unrecognized attribute/, 'onnxruntime does not know an attribute of a newer opset'],
  [/is (a sequence|a map|an optional|a sparse tensor|an opaque value)/, 'Assay feeds and compares tensors alone'],
  [/(tensors?) of (type )?STRING/, 'Assay feeds and compares no strings'],
  [
    /tensors? of (type )?[A-Z0-9]+|takes no bf16|of type bfloat16/,
    'a type that Assay, or onnxruntime-node, does not hold',
  ],
  [/are not supported|is not supported now/, 'onnxruntime does not implement this case'],
  [/Exception during initialization|Non-zero status code|Type Error/, 'onnxruntime fails on it'],
  [/differs from call to call/, 'random by definition: another call, another output'],
]

export function causeOf({ assay }: Row): string {
  const known = CAUSES.find(([pattern]) => pattern.test(assay.reason))?.[1]
  return known ?? (assay.status === 'fail' ? 'the outputs are not those of the test' : 'else')
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function counts(rows: readonly Row[], group: (row: Row) => string): Map<string, Row[]> {
  return Map.groupBy(rows, group)
}

/** How many of each kind passed, and by whom. */
export function outcomes(rows: readonly Row[]): string {
  const line = (name: string, of: readonly Row[]) => {
    const runtime = (verdict: RuntimeVerdict) => of.filter(row => row.runtime.verdict === verdict).length
    const assay = (status: Status) => of.filter(row => row.assay.status === status).length
    const agreed = of.filter(agrees).length
    return [
      ...[name, of.length, runtime('pass'), runtime('fail'), runtime('refused')],
      ...[
        assay('pass'),
        assay('fail'),
        assay('skip'),
        assay('inconclusive'),
        assay('error'),
        `${agreed} of ${of.length}`,
      ],
    ]
  }
  const kinds = counts(rows, ({ kind }) => kind)
  return table(
    [
      'tests',
      'files',
      'Python: pass',
      'fail',
      'refused',
      'Assay: pass',
      'fail',
      'skip',
      'inconclusive',
      'error',
      'agree',
    ],
    [...Array.from(kinds, ([kind, of]) => line(kind, of)), line('all', rows)],
  )
}

/** Those on which the two do not agree, with what each said. */
export function differences(rows: readonly Row[]): string {
  const unlike = rows.filter(row => !agrees(row))
  if (unlike.length === 0) return 'None.'
  return table(
    ['test', 'Python', 'Assay', 'why'],
    unlike.map(({ name, runtime, assay }) => [
      `\`${name}\``,
      said(runtime.verdict, runtime.reason),
      assay.status,
      cell(assay.reason),
    ]),
  )
}

/** The causes of all that is no pass, most frequent first. */
export function causes(rows: readonly Row[]): string {
  const groups = [...counts(notPassed(rows), row => `${row.assay.status} | ${causeOf(row)}`)]
  return table(
    ['verdict', 'cause', 'files'],
    groups.toSorted(([, a], [, b]) => b.length - a.length).map(([cause, of]) => [cause, of.length]),
  )
}

/** Every test that is no pass, under its cause, with the reason in the words of the report where it is its own. */
export function everyOther(rows: readonly Row[]): string {
  const groups = [...counts(notPassed(rows), row => `${row.assay.status}: ${causeOf(row)}`)]
  return groups
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(([cause, of]) => `### ${cause} (${of.length})\n\n${reasonsOf(of)}`)
    .join('\n\n')
}

/** Names by reason; a reason that many share stands once. */
function reasonsOf(rows: readonly Row[]): string {
  return [...counts(rows, ({ assay }) => cell(assay.reason))]
    .map(([reason, of]) => `- ${reason}: ${of.map(({ name }) => `\`${name.replace(/^test_/, '')}\``).join(' ')}`)
    .join('\n')
}

const notPassed = (rows: readonly Row[]) => rows.filter(({ assay }) => assay.status !== 'pass')

function said(verdict: RuntimeVerdict, reason: string): string {
  return verdict === 'pass' ? 'pass' : `${verdict}: ${cell(reason)}`
}

const LONGEST = 220

/** One line without what would break a table, or differs from machine to machine. */
function cell(reason: string): string {
  const line = reason
    .replace(/node with name '[^']*'|node \(\S*\)/g, 'a node')
    .replace(/\s+/g, ' ')
    .replaceAll('|', '\\|')
    .trim()
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}...` : line
}

/** A reason without the places of this run's files and the runtime's own sources. */
export function tidy(reason: string, folder: string): string {
  return reason
    .replace(/(loading|Load model from) \S+?model\.onnx( failed)?:\s*/g, '')
    .replace(/ \(\S*model\.onnx[^)]*\)/g, '')
    .replace(/\/onnxruntime_src\/\S+:\d+ .*?\) (?=[A-Z]|\w+(\(\w*\))? [=!]|\w+ was)/gs, '')
    .replaceAll(`${folder}/`, '')
    .trim()
}
