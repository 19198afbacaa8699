import { stripVTControlCharacters } from 'node:util'
import { countStatuses, unitResultOf } from '../../events/document.ts'
import { lastAttempt, type RunState } from '../../events/fold.ts'
import { formatDuration } from '../format.ts'
import { STATUSES } from '../units.ts'
import { type Look, legible, paint, printable, symbol } from './look.ts'
import { cut, displayWidth } from './text.ts'

const BAR_WIDTH = 20
const SPINNER = { unicode: '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏', plain: '|/-\\' }

/** The lines that are redrawn while a run goes on: the unit under way, and what it is doing. */
export function progress(
  state: RunState,
  view: { readonly look: Look; readonly width: number; readonly nowMs: number; readonly frame: number },
): string[] {
  const { look, width } = view
  const { bold, cyan, dim } = look.colors
  const units = [...state.units.values()]
  const current = units.find(unit => unit.attempts.length > 0 && !lastAttempt(unit)?.ended)
  const attempt = current && lastAttempt(current)
  const ended = units.flatMap(unit => unitResultOf(state, unit.header.id)?.status ?? [])
  const tally = counts(look, ended)
  if (current === undefined || attempt === undefined)
    return [legible(look, `${ended.length}/${units.length}  ${tally}`)]

  const { header } = current
  const spinner = look.isUnicode ? SPINNER.unicode : SPINNER.plain
  const again = attempt.number > 1 ? ` (attempt ${attempt.number})` : ''
  const position = `${ended.length + 1}/${units.length}`
  const name = cut(
    `${printable(header.model)}  ${header.device}  ${header.precision}${again}`,
    width - position.length - 4,
  )
  const first = `${cyan(spinner[view.frame % spinner.length] ?? '')} ${dim(position)}  ${bold(name)}`

  const elapsed = formatElapsed(view.nowMs - attempt.startedMs)
  const activity = attempt.activity
  const bar =
    activity === null || activity.total <= 0
      ? ''
      : ` ${progressBar(look, activity.done / activity.total)} ${activity.done}/${activity.total}`
  const rest = `${bar}  ${dim(elapsed)}  ${tally}`
  const doing = cut(printable(activity?.text ?? 'starting'), Math.max(8, width - displayWidth(rest) - 2))
  return [first, legible(look, `  ${doing}${rest}`)].map(line =>
    displayWidth(line) > width ? cutPainted(line, width) : line,
  )
}

function counts(look: Look, ended: Parameters<typeof countStatuses>[0]): string {
  const count = countStatuses(ended)
  return STATUSES.filter(status => count[status] > 0)
    .map(status => `${symbol(look, status)} ${paint(look, status, String(count[status]))}`)
    .join('  ')
}

function progressBar({ colors }: Look, share: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * BAR_WIDTH)
  return colors.cyan('█'.repeat(filled)) + colors.dim('░'.repeat(BAR_WIDTH - filled))
}

/** Whole seconds: tenths would only flicker. */
function formatElapsed(ms: number): string {
  return ms < 1000 ? '0 s' : formatDuration(Math.floor(ms / 1000) * 1000)
}

/** Too narrow for its colours: cut without them, since a line that wraps cannot be drawn over. */
function cutPainted(line: string, width: number): string {
  return cut(stripVTControlCharacters(line), width)
}
