/** The sentence that a reader wants of a benchmark: where throughput stops growing, and what binds there. */
import { kindOf } from '../benchmarks/index.ts'
import type { DeviceCeilings, Saturation } from '../events/result.ts'
import { formatNumber, formatShare } from './format.ts'

/** @param ceilings - of the device; null where no benchmark asked for them */
export function saturationSentence(benchmark: string, saturation: Saturation, ceilings: DeviceCeilings | null): string {
  return `${growth(kindOf(benchmark).unit, saturation)}; ${binding(saturation, ceilings)}.`
}

function growth(unit: string, { batch, atBatch, throughput, measured, beyond }: Saturation): string {
  const rate = `${formatNumber(throughput)} ${unit}`
  if (batch !== null) return `Throughput stops growing at batch ${batch}, at ${rate}`
  const larger = beyond === null ? '' : `; the next larger batch was not: ${beyond}`
  if (measured === 1) return `Only batch ${atBatch} was measured, at ${rate}, which says nothing of growth${larger}`
  return `Throughput still grows at batch ${atBatch}, the largest that was measured, at ${rate}${larger}`
}

function binding({ phase, bound, share }: Saturation, ceilings: DeviceCeilings | null): string {
  const reached = formatShare(share)
  const most = `most of the time there is ${phase}, bound by`
  switch (bound) {
    case 'bandwidth':
      return `${most} bandwidth: it reads at ${reached} of the rate measured on the device${doubt(share)}`
    case 'arithmetic':
      return `${most} arithmetic: it computes at ${reached} of the rate measured on the device${doubt(share)}`
    case 'overhead':
      return `${most} overhead: it reaches ${reached} at most of the bandwidth and the arithmetic measured on the device`
    case null:
      return `what binds is not known${ceilings === null || ceilings.reason === null ? '' : `: ${ceilings.reason}`}`
  }
}

/** More than there is: the limits are those of a slower moment. */
function doubt(share: number | null): string {
  return share !== null && share > 1 ? ', so the device was slower while its limits were measured' : ''
}

/** `183 GFLOP/s and 31.2 GB/s`, what a device was measured to give; null where neither is known. */
export function ceilingsText({ flopsPerSecond, bytesPerSecond }: DeviceCeilings): string | null {
  const parts = [formatRate(flopsPerSecond, 'FLOP/s'), formatRate(bytesPerSecond, 'B/s')].filter(part => part !== null)
  return parts.length === 0 ? null : parts.join(' and ')
}

const PREFIXES = ['', 'k', 'M', 'G', 'T', 'P']

/** In powers of a thousand, as rates are given: `31.2 GB/s`. */
export function formatRate(value: number | null, unit: string): string | null {
  if (value === null) return null
  const power = Math.min(PREFIXES.length - 1, Math.max(0, Math.floor(Math.log10(value) / 3)))
  return `${formatNumber(value / 1000 ** power, 3)} ${PREFIXES[power]}${unit}`
}
