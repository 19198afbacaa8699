import type { Status } from '../../words.ts'

/** Emoji, since Markdown has no colours. */
const SIGNS: Readonly<Record<Status, string>> = {
  pass: '✅',
  fail: '❌',
  error: '🛑',
  inconclusive: '❔',
  skip: '⚪',
}

/** A status as sign and word: either of them suffices. */
export function signed(status: Status, text: string): string {
  return `${SIGNS[status]} ${text}`
}
