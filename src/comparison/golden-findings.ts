/** What a comparison of two goldens found, as sentences. */
import { formatMetric, plural } from '../reporters/format.ts'
import type { Finding, OutputComparison } from './document.ts'

export function goldenFindings(outputs: readonly OutputComparison[]): Finding[] {
  if (outputs.length === 0)
    return [finding('unknown', null, 'the goldens have no case in common, and nothing was compared')]
  const same = outputs.filter(({ status }) => status === 'identical').length
  const whole = outputs.every(({ status }) => status === 'identical')
    ? [finding('none', null, `all ${plural(same, 'output')} are the same, bit for bit`)]
    : same > 0
      ? [finding('none', null, `${same} of ${plural(outputs.length, 'output')} are the same, bit for bit`)]
      : []
  return [...topFiveFinding(outputs), ...whole, ...outputs.flatMap(outputFinding)]
}

function finding(change: Finding['change'], about: string | null, sentence: string): Finding {
  return { kind: 'golden', change, about, sentence }
}

/** Over all positions of all cases: whether the five most probable tokens are the same, in order. */
function topFiveFinding(outputs: readonly OutputComparison[]): Finding[] {
  const ranked = outputs.flatMap(output => (output.topFive === null ? [] : [{ output, five: output.topFive }]))
  if (ranked.length === 0) return []
  const sum = (of: (five: (typeof ranked)[number]['five']) => number) =>
    ranked.reduce((total, { five }) => total + of(five), 0)
  const [positions, identical] = [sum(five => five.positions), sum(five => five.identical)]
  const k = ranked[0]?.five.k ?? 0
  if (positions === identical)
    return [
      finding('none', null, `the ${k} most probable tokens are the same at each of ${plural(positions, 'position')}`),
    ]
  const first = ranked.find(({ five }) => five.first !== null)
  const place = first?.five.first
  const where =
    first === undefined || place === null || place === undefined
      ? ''
      : `, first at position ${place.position} of ${first.output.case}: ${place.a.join(', ')} in A, ${place.b.join(', ')} in B`
  return [
    finding(
      'neutral',
      null,
      `the ${k} most probable tokens are the same at ${identical} of ${plural(positions, 'position')}, and differ at ${positions - identical}${where}`,
    ),
  ]
}

function outputFinding({ case: id, output, status, reason, metrics }: OutputComparison): Finding[] {
  switch (status) {
    case 'identical':
      return []
    case 'only-a':
    case 'only-b':
      return [
        {
          kind: 'missing',
          change: 'neutral',
          about: id,
          sentence: `${output} is in ${status === 'only-a' ? 'A' : 'B'} alone`,
        },
      ]
    case 'unlike':
      return [finding('unknown', id, `${output} cannot be compared: ${reason ?? 'they are unlike'}`)]
    case 'differs': {
      const { first, differing, relL2, maxAbs, top1 } = metrics
      if (first !== undefined && differing !== undefined)
        return [finding('neutral', id, `${output} differs at ${differing} places, first at ${first}`)]
      const flips =
        top1 === undefined || top1 === null || top1 === 1
          ? ''
          : `, top-1 agrees at ${formatMetric('topShare', top1)} of the positions`
      return [
        finding(
          'neutral',
          id,
          `${output} differs by relL2 ${formatMetric('relL2', relL2)}, at most ${formatMetric('maxAbs', maxAbs)}${flips}`,
        ),
      ]
    }
  }
}
