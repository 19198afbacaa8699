/** `assay repro`: from a stored run to a folder that shows one of its failed checks again. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { type CheckName, checks } from '../../checks/index.ts'
import { AssayError } from '../../errors.ts'
import { resultOf } from '../../events/document.ts'
import type { CheckResult, ResultDocument, UnitResult } from '../../events/result.ts'
import { resolveDevice } from '../../plan/resolve.ts'
import type { Plan } from '../../plan/schema.ts'
import { unitName } from '../../reporters/units.ts'
import { isInterruption, outcomeOf } from '../../runner/outcome.ts'
import { checkPlan } from '../../runner/preflight.ts'
import { reproduce } from '../../runner/reproduction.ts'
import type { DeviceId } from '../../words.ts'
import type { Context } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { checkNewFolder, checkWritable } from '../report-file.ts'
import { withRuns } from '../store.ts'
import { lookAround } from './here.ts'
import { interruptibly } from './interrupt.ts'
import { writeRepro } from './repro-folder.ts'
import { jobOf } from './resume.ts'

/** Which failed check; null leaves it open. */
interface Wanted {
  readonly check: string | null
  readonly model: string | null
  readonly device: string | null
  readonly precision: string | null
}

export interface ReproRequest {
  /** The beginning of its id, or latest. */
  readonly run: string
  readonly folder: string | null
  readonly wanted: Wanted
}

interface Failed {
  readonly unit: UnitResult
  readonly check: CheckResult & { readonly name: CheckName }
}

/** Writes the folder and gives the exit code. Throws AssayError where there is nothing to show, or the model or device is gone. */
export async function repro({ run, folder, wanted }: ReproRequest, context: Context): Promise<number> {
  const { output, cwd, home } = context
  const { summary, result } = await withRuns(context, store => {
    const summary = store.find(run)
    return { summary, result: resultOf(store.events(summary.id)) }
  })
  if (result === null) throw new AssayError('log-invalid', 'the log is empty')
  const [failed, ...others] = failedChecks(result, wanted)
  if (failed === undefined) throw nothingFailed(result, wanted)
  const { unit, check } = failed
  const path = resolve(cwd, folder ?? `repro-${summary.id}-${check.name}`)
  checkNewFolder(path)
  if (!existsSync(path)) checkWritable(path, 'give another one with --output FOLDER')

  const { plan, base } = jobOf(summary, context)
  const entry = plan.models.find(({ model }) => model === unit.model)
  if (entry === undefined) throw new Error(`the stored plan does not name ${unit.model}`)
  const engines = enginesOf(plan, unit.device)
  const narrowed = {
    ...plan,
    engines,
    models: [entry],
    devices: [unit.device],
    precisions: [unit.precision],
    checks: [check.name],
  }
  return interruptibly(output.note, async signal => {
    const { discovered, found } = await lookAround(
      engines,
      base,
      [unit.device, plan.reference.device],
      output,
      plan.options,
    )
    resolveDevice(unit.device, found)
    checkPlan(narrowed, base, discovered, home)
    for (const { unit, check } of others) output.note(`failed too: ${check.name}, ${unitName(unit)}`)
    output.note(`computing ${check.name} of ${unitName(unit)} again`)
    const shared = { plan: narrowed, base, discovered, home, signal, emit: () => undefined }
    try {
      const again = await reproduce(shared, { header: { ...unit }, entry }, check, unit.fingerprint)
      const written = writeRepro(path, { result, unit, failed: check, again, plan: narrowed, base })
      const isShown = again.check.status === 'fail'
      output.answer(written, () =>
        [
          ...(isShown ? [] : [`${check.name} did not fail again: ${again.check.reason ?? again.check.status}`]),
          `written: ${path}`,
          `show it again: cd ${written.folder} && ${written.command}`,
        ].join('\n'),
      )
      return isShown ? EXIT.pass : EXIT.error
    } catch (error) {
      if (isInterruption(error)) return EXIT.interrupted
      if (error instanceof AssayError) throw error
      const { reason, fault } = outcomeOf(error)
      if (fault === 'assay') throw error
      output.note(`error: it could not be computed again: ${reason}`)
      return EXIT.error
    }
  })
}

/** Those of the plan's own that the device and the reference need. */
function enginesOf({ engines, reference }: Plan, device: DeviceId): Plan['engines'] {
  const needed = [device, reference.device].map(id => id.split(':')[0])
  return Object.fromEntries(Object.entries(engines).filter(([name]) => needed.includes(name)))
}

function isCheckName(name: string): name is CheckName {
  return Object.hasOwn(checks, name)
}

function failedChecks({ units }: ResultDocument, { check, model, device, precision }: Wanted): Failed[] {
  const asked = (wanted: string | null, value: string) => wanted === null || wanted === value
  return units
    .filter(unit => asked(model, unit.model) && asked(device, unit.device) && asked(precision, unit.precision))
    .flatMap(unit =>
      unit.checks.flatMap(one => {
        const { name, status } = one
        return status === 'fail' && asked(check, name) && isCheckName(name) ? [{ unit, check: { ...one, name } }] : []
      }),
    )
}

function nothingFailed(result: ResultDocument, wanted: Wanted): AssayError {
  const all = failedChecks(result, { check: null, model: null, device: null, precision: null })
  const names = all.slice(0, 8).map(({ unit, check }) => `${check.name} of ${unitName(unit)}`)
  const isNarrowed = Object.values(wanted).some(value => value !== null)
  return new AssayError(
    'argument-invalid',
    isNarrowed && all.length > 0 ? 'no such check failed' : `no check failed in run ${result.run}`,
    {
      hint:
        names.length > 0
          ? `failed: ${names.join('; ')}`
          : `\`assay report ${result.run}\` shows it; what crashed or was too slow is shown again by the command beside it`,
    },
  )
}
