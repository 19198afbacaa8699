/** Both sides of a case token by token, in words and columns that every report shares. */
import type { CheckResult, SideBySide, Token } from '../events/result.ts'
import { formatCount, formatShare, NOTHING, plural } from './format.ts'

/** A case that is shown token by token. */
export interface ShownCase {
  readonly id: string
  readonly status: CheckResult['status']
  readonly sideBySide: SideBySide
}

export function shownCases({ cases }: Pick<CheckResult, 'cases'>): ShownCase[] {
  return cases.flatMap(({ id, status, sideBySide }) => (sideBySide === undefined ? [] : [{ id, status, sideBySide }]))
}

/** One place of both sides; a side that has ended has no token there. */
export interface TokenColumn {
  readonly index: number
  readonly reference: Token | undefined
  readonly device: Token | undefined
  readonly differs: boolean
  readonly isFocus: boolean
}

export function tokenColumns({ first, focus, reference, device }: SideBySide): TokenColumn[] {
  return Array.from({ length: Math.max(reference.length, device.length) }, (_, at) => {
    const [ours, theirs] = [reference[at], device[at]]
    return {
      index: first + at,
      reference: ours,
      device: theirs,
      differs: ours?.id !== theirs?.id,
      isFocus: first + at === focus,
    }
  })
}

/** A token as one sees it: line ends and tabs as signs; one without a text by its id. */
export function tokenText({ id, text }: Token): string {
  return text === null ? `⟨${id}⟩` : text.replaceAll('\n', '↵').replaceAll('\t', '⇥').replaceAll('\r', '␍')
}

/** A probability for people: where a digit more would say nothing, its bound. */
export function formatProbability(probability: number | null): string {
  if (probability === null) return NOTHING
  if (probability > 0.9995 && probability < 1) return '> 99.9 %'
  if (probability > 0 && probability < 0.0001) return '< 0.01 %'
  return formatShare(probability)
}

/** How the prompt is headed: `Prompt, the last 64 of 112 tokens`. */
export function promptLabel({ kind, prompt, promptTokens }: SideBySide): string {
  if (prompt.length === promptTokens) return `Prompt, ${plural(promptTokens, 'token')}`
  const which = kind === 'predicted' ? 'up to that place' : 'its end'
  return `Prompt ${which}, ${formatCount(prompt.length)} of ${plural(promptTokens, 'token')}`
}

/** What happens at the place in focus, as a sentence. */
export function focusSentence(shown: SideBySide): string {
  const { kind, sides, first, focus, reference, device } = shown
  const [ours, theirs] = [reference[focus - first], device[focus - first]]
  const place = kind === 'generated' ? `New token ${focus}` : `Position ${focus} of the prompt`
  const verb = kind === 'generated' ? 'chose' : 'expects next'
  const said = (side: 'reference' | 'device', token: Token | undefined) =>
    token === undefined ? `${sides[side]} has ended` : `${sides[side]} ${verb} ${chosen(shown, token, side)}`
  if (ours?.id !== theirs?.id)
    return `${place} is the first that differs: ${said('reference', ours)}, ${said('device', theirs)}.`
  const both = ours === undefined ? '' : `; ${said('reference', ours)}, and so does ${sides.device}`
  return `${place} is where the two are furthest apart${both}.`
}

/** A side's choice, with how probable the side itself holds it to be. */
function chosen({ candidates }: SideBySide, token: Token, side: 'reference' | 'device'): string {
  const share = candidates.find(({ id }) => id === token.id)?.[side] ?? null
  return `“${tokenText(token)}”${share === null ? '' : ` (${formatProbability(share)})`}`
}
