/** `assay compare`: opens both sides, compares them, and shows or writes what was found. */
import {
  type Asked,
  type ComparisonDocument,
  compareGoldens,
  compareRuns,
  renderTerminal,
} from '../comparison/index.ts'
import { AssayError } from '../errors.ts'
import { lookOf, widthOf } from '../reporters/terminal/look.ts'
import type { Context } from './command.ts'
import { openSide, sameDevice } from './compare-side.ts'
import type { ComparisonReport } from './comparison-reports.ts'
import { writeText } from './report-file.ts'

/** Throws AssayError where a side cannot be opened, or the two cannot be held against each other. */
export async function comparisonOf(
  a: string,
  b: string,
  asked: Asked | null,
  context: Context,
): Promise<ComparisonDocument> {
  const [one, two] = [await openSide(a, context), await openSide(b, context)]
  if (one.kind === 'run' && two.kind === 'run') {
    const [left, right] = sameDevice(one.side, two.side)
    return compareRuns(left, right, asked)
  }
  if (one.kind === 'golden' && two.kind === 'golden') {
    if (asked === null) return compareGoldens(one.side, two.side)
    throw new AssayError('argument-invalid', 'goldens have no verdicts to get worse, so that --fail-on says nothing', {
      where: '--fail-on',
      hint: 'judge a device by a golden with `assay parity MODEL --device D --golden FILE`',
    })
  }
  throw new AssayError('argument-invalid', 'a run and a golden cannot be held against each other', {
    hint: 'give two runs or two goldens; `assay golden capture` makes a golden of what a device computes',
  })
}

/** Files first, so that what is told is true. */
export function writeComparison(
  comparison: ComparisonDocument,
  reports: readonly ComparisonReport[],
  { output }: Context,
): void {
  for (const { path, render } of reports) writeText(path, render(comparison))
  const { stdout, env } = output
  output.answer(comparison, () =>
    renderTerminal(comparison, { look: lookOf(stdout, env), width: widthOf(stdout, undefined) - 1 }),
  )
  for (const { path } of reports) output.note(`written: ${path}`)
}
