import type { UnitHeader } from '../../events/event.ts'
import type { UnitResult } from '../../events/result.ts'
import { formatDuration } from '../format.ts'
import { bestThroughput, isFlaky, tally } from '../units.ts'
import { type Look, paint, printable, symbol } from './look.ts'
import { cut, displayWidth, pad } from './text.ts'

/** One finished unit on one line, aligned with the other units of its run. Only on a terminal is its end cut. */
export function unitLine(
  unit: UnitResult,
  units: readonly UnitHeader[],
  { look, width }: { readonly look: Look; readonly width: number },
): string {
  const widest = (of: (header: UnitHeader) => string) => Math.max(...units.map(header => displayWidth(of(header))))
  const left = [
    pad(
      printable(unit.model),
      widest(header => printable(header.model)),
    ),
    pad(
      unit.device,
      widest(header => header.device),
    ),
    pad(
      unit.precision,
      widest(header => header.precision),
    ),
    pad(unit.status === 'skip' ? '' : formatDuration(unit.durationMs), 7, 'right'),
  ].join('  ')
  const right = printable(outcome(unit)).replace(/\s+/g, ' ')
  const room = Math.max(20, width - displayWidth(left) - 6)
  const ending = look.isLive ? cut(right, room) : right
  return `${symbol(look, unit.status)} ${left}  ${unit.status === 'pass' ? look.colors.dim(ending) : paint(look, unit.status, ending)}`
}

function outcome(unit: UnitResult): string {
  if (unit.status !== 'pass') return unit.reason ?? unit.status
  const throughput = bestThroughput(unit)
  const best = throughput === null ? '' : `, up to ${throughput}`
  return `${tally(unit)}${best}${isFlaky(unit) ? `, on attempt ${unit.attempts}` : ''}`
}
