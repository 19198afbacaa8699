/** What the units of every category share: telling what they do, which checks were asked for, what really ran. */
import { type Check, type CheckContext, checks, explainByType, type Outputs, type Reference } from '../checks/index.ts'
import type { CheckResult } from '../events/result.ts'
import type { Plan } from '../plan/schema.ts'
import type { Placement } from '../protocol/messages.ts'
import type { Category, Precision } from '../words.ts'
import type { UnitContext } from './request.ts'
import type { Loadable, Session } from './session.ts'
import { otherVersion } from './versions.ts'
import { weightBytes } from './weight-bytes.ts'

/** Says what the unit is doing, for people. */
export function activity(context: UnitContext, text: string): (done: number, total: number) => void {
  const { unit, attempt, emit } = context
  const tell = (done: number, total: number) =>
    emit({ type: 'activity', unit: unit.header.id, attempt, text, done, total })
  tell(0, 0)
  return tell
}

/** The checks that the plan asks for, of those that speak of such models and look at cases of these kinds. */
export function askedChecks({ checks: asked }: Plan, category: Category, kinds: readonly string[]): Check[] {
  return Object.values<Check>(checks)
    .filter(check => (check.category ?? category) === category && check.kinds.some(kind => kinds.includes(kind)))
    .filter(({ name }) => asked === 'all' || asked.some(one => one === name))
}

/** Judges by the checks; the first verdict that a shorter type explains says so for all. */
export function judged(
  asked: readonly Check[],
  reference: Reference | null,
  device: Outputs,
  checkContext: CheckContext,
  placement: Placement | null,
): CheckResult[] {
  let isExplained = false
  return asked.map(check => {
    const result = check.judge(reference, device, checkContext)
    if (isExplained) return result
    const told = explainByType(result, checkContext.precision, placement)
    isExplained = told !== result
    return told
  })
}

/** Judges by the checks, and tells each verdict. */
export function judgeAll(context: UnitContext, ...judging: Parameters<typeof judged>): void {
  for (const check of judged(...judging)) tellChecked(context, check)
}

export function tellChecked({ unit, attempt, emit }: UnitContext, check: CheckResult): void {
  emit({ type: 'check-ended', unit: unit.header.id, attempt, check })
}

/** Remarks on a placement that change how the numbers read. */
export function remarksOn(placement: Placement | null, precision: Precision, device: string): string[] {
  if (placement === null) return []
  const remarks: string[] = []
  const [first] = placement.computedIn
  if (first !== undefined && first !== precision)
    remarks.push(`asked for ${precision}; most of its matrix products were computed in ${first}`)
  const wanted = device.split(':')[1] ?? ''
  const elsewhere = placement.operators.filter(({ provider }) => !sameProvider(provider, wanted))
  if (elsewhere.length > 0 && wanted !== 'cpu') {
    const nodes = elsewhere.reduce((sum, row) => sum + row.nodes, 0)
    const names = [...new Set(elsewhere.map(({ operator }) => operator))].slice(0, 8).join(', ')
    remarks.push(`${nodes} nodes ran elsewhere than on ${device}: ${names}`)
  }
  return remarks
}

/** onnxruntime's "WebGpuExecutionProvider" is the device `webgpu`. */
function sameProvider(provider: string, device: string): boolean {
  return provider.toLowerCase().replace('executionprovider', '') === device.toLowerCase()
}

function versionRemarks({ discovered, unit }: UnitContext): string[] {
  const found = discovered.found.get(unit.header.device)
  const remark = found === undefined ? null : otherVersion(found)
  return remark === null ? [] : [remark]
}

/** Tells what was loaded, and how it was really placed. */
export function tellLoaded(
  context: UnitContext,
  session: Session,
  model: { readonly fingerprint: string; readonly parameters: number | null },
  loadable: Loadable,
  remarks: readonly string[] = [],
): void {
  const { unit, attempt, emit } = context
  const { placement, settings = {}, loadMs } = session.loaded
  const { id, precision, device } = unit.header
  emit({
    type: 'model-loaded',
    unit: id,
    attempt,
    fingerprint: model.fingerprint,
    parameters: model.parameters,
    weightBytes: weightBytes(loadable),
    placement,
    settings,
    remarks: [...remarksOn(placement, precision, device), ...versionRemarks(context), ...remarks],
    loadMs,
  })
}
