/** Both sides of a case token by token, around the place to look at: what a person wants to see of a difference. */
import type { Candidate, SideBySide, Token } from '../events/result.ts'
import type { CheckContext } from './check.ts'
import { jsonNumber } from './conclusion.ts'

/** Enough to read what a prompt asks, and little enough for a report. */
const PROMPT_TOKENS = 64
const TOKENS_BEFORE = 7
const TOKENS_AFTER = 12
/** Most probable tokens of each side; together at most twice as many. */
const CANDIDATES = 5
/** A token of a tokenizer is short, unless it is meant to break a page. */
const TEXT_CHARACTERS = 40

/** What one side says at the place in focus. */
export interface Distribution {
  /** Its most probable tokens, the most probable first. */
  readonly top: readonly number[]
  /** NaN where it does not say. */
  probabilityOf(token: number): number
}

export interface Comparison {
  readonly kind: SideBySide['kind']
  readonly sides: SideBySide['sides']
  /** The prompt's tokens, up to the place in focus where they are `predicted`. */
  readonly prompt: readonly number[]
  readonly promptTokens: number
  /** The token of a side at an index; undefined past its end. */
  referenceAt(index: number): number | undefined
  deviceAt(index: number): number | undefined
  readonly focus: number
  /** Null for a side that does not say. */
  readonly distributions: { readonly reference: Distribution | null; readonly device: Distribution | null }
}

/** What the sides are called where a device is judged by a reference. */
export const REFERENCE_AND_DEVICE: SideBySide['sides'] = { reference: 'reference', device: 'device' }

/** What gives tokens their texts. */
export type Texts = Pick<CheckContext, 'decode' | 'tokenText'>

export function sideBySide(comparison: Comparison, texts: Texts): SideBySide {
  const { kind, sides, prompt, promptTokens, focus, referenceAt, deviceAt } = comparison
  const named = (id: number): Token => ({ id, text: textOf(id, texts) })
  const first = Math.max(0, focus - TOKENS_BEFORE)
  const window = Array.from({ length: focus + TOKENS_AFTER - first }, (_, at) => first + at)
  const shown = (at: (index: number) => number | undefined) =>
    window.flatMap(index => {
      const id = at(index)
      return id === undefined ? [] : [named(id)]
    })
  return {
    kind,
    sides,
    prompt: prompt.slice(-PROMPT_TOKENS).map(named),
    promptTokens,
    first,
    reference: shown(referenceAt),
    device: shown(deviceAt),
    focus,
    candidates: candidatesOf(comparison).map(({ id, ...said }) => ({ ...named(id), ...said })),
  }
}

/** The chosen and the most probable tokens of either side, by the greater of their probabilities. */
function candidatesOf({ distributions, focus, referenceAt, deviceAt }: Comparison): Omit<Candidate, 'text'>[] {
  const { reference, device } = distributions
  if (reference === null && device === null) return []
  const chosen = [referenceAt(focus), deviceAt(focus)].filter(token => token !== undefined)
  const top = [...chosen, ...[reference, device].flatMap(side => side?.top.slice(0, CANDIDATES) ?? [])]
  const said = (side: Distribution | null, token: number) => jsonNumber(side?.probabilityOf(token) ?? Number.NaN)
  return [...new Set(top)]
    .map(id => ({ id, reference: said(reference, id), device: said(device, id) }))
    .toSorted((a, b) => Math.max(b.reference ?? 0, b.device ?? 0) - Math.max(a.reference ?? 0, a.device ?? 0))
}

/** Null where there is no tokenizer, or none that knows this token. */
function textOf(id: number, { decode, tokenText }: Texts): string | null {
  try {
    const text = tokenText?.(id) ?? decode?.([id]) ?? ''
    return text === '' ? null : [...text].slice(0, TEXT_CHARACTERS).join('')
  } catch {
    return null // a device may give a token that no tokenizer knows; its id is shown
  }
}
