/** The worst prompts of a check, token by token, folded away: they are long. */
import type { CheckResult, SideBySide, Token } from '../../events/result.ts'
import { NOTHING } from '../format.ts'
import {
  focusSentence,
  formatProbability,
  promptLabel,
  type ShownCase,
  shownCases,
  tokenColumns,
  tokenText,
} from '../side-by-side.ts'
import { bold, code, details, type Inline, inline, joined, markdownTable } from './text.ts'

export function sideBySidePart(check: CheckResult): string[] {
  const cases = shownCases(check)
  if (cases.length === 0) return []
  return [details(`${check.name}: the worst prompts, token by token`, cases.map(caseText).join('\n\n'))]
}

function caseText({ id, sideBySide: shown }: ShownCase): string {
  const prompt = shown.prompt.map(tokenText).join('')
  return [
    inline(bold(id), ': ', focusSentence(shown)),
    ...(prompt === '' ? [] : [inline(`${promptLabel(shown)}: `, code(prompt))]),
    sequences(shown),
    candidates(shown),
  ]
    .filter(part => part !== null)
    .join('\n\n')
}

/** Spaces belong to tokens, and would not be seen. */
const tokenCode = (token: Token | undefined): Inline =>
  token === undefined ? NOTHING : code(tokenText(token).replaceAll(' ', '␣'))

function sequences(shown: SideBySide): string | null {
  const columns = tokenColumns(shown)
  const row = (side: 'reference' | 'device'): Inline[] => [
    shown.sides[side],
    ...columns.map(column => {
      const said = tokenCode(column[side])
      return column.differs ? bold(said) : said
    }),
  ]
  const heads = columns.map(({ index, isFocus }) => ({ head: isFocus ? `▼ ${index}` : String(index) }))
  const head = shown.kind === 'generated' ? 'new token' : 'next after'
  return columns.length === 0 ? null : markdownTable([{ head }, ...heads], [row('reference'), row('device')])
}

function candidates({ candidates: all, sides, first, focus, reference, device }: SideBySide): string | null {
  const chosen = { reference: reference[focus - first]?.id, device: device[focus - first]?.id }
  return markdownTable(
    [{ head: 'token' }, { head: sides.reference, isNumber: true }, { head: sides.device, isNumber: true }],
    all.map(candidate => {
      const cell = (side: 'reference' | 'device') => {
        const text = formatProbability(candidate[side])
        return chosen[side] === candidate.id ? joined(bold(text), ' ←') : text
      }
      return [tokenCode(candidate), cell('reference'), cell('device')]
    }),
  )
}
