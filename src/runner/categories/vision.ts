import type { VisionModel } from '../../build/model.ts'
import { type Check, checks } from '../../checks/index.ts'
import { AssayError } from '../../errors.ts'
import { referenceCases, workloadOf } from '../../workloads/vision/index.ts'
import { loadableFor } from '../loadable.ts'
import { onReference } from '../outcome.ts'
import { calibrationImages, chosenImages } from '../paths.ts'
import { judgedBy } from '../reference.ts'
import { sessionLimits } from '../request.ts'
import { noRoom } from '../room.ts'
import { Session } from '../session.ts'
import { visionAnswers } from '../vision/answers.ts'
import { calibrated } from '../vision/calibration.ts'
import { observeVision } from '../vision/observe.ts'
import { runVisionUnit, visionContext } from '../vision-unit.ts'
import type { CategoryRunner } from './category.ts'

const quiet = () => undefined

export const vision: CategoryRunner<VisionModel> = {
  check(model, entry, base) {
    workloadOf(model, chosenImages(entry, base))
    if (entry.calibration !== undefined) workloadOf(model, calibrationImages(entry, base))
  },

  run: runVisionUnit,

  async capture(model, { entry, found, precision, base, home, limits, onCase, inSession }) {
    const workload = workloadOf(model, chosenImages(entry, base))
    const device = { found, precision, calls: [] }
    const lacking = noRoom(model, { device, reference: null, isTogether: false }, limits, home)
    if (lacking !== null) throw new AssayError('device-unavailable', lacking, { where: entry.model })
    const cases = referenceCases(workload)
    return inSession(session => observeVision(session, workload, cases, { again: false }, onCase))
  },

  async sides(context, { header, entry }, model, found, { check, concerned }) {
    const { plan, base, home, signal } = context
    const { device, precision } = header
    const own = workloadOf(model, chosenImages(entry, base))
    const isSelfCheck = check.reference === null
    const judged = isSelfCheck
      ? { reference: null, origin: null, workload: own, noReference: null }
      : await onReference(
          judgedBy(context, model, visionAnswers(own, quiet), { device, precision, golden: entry.golden }),
        )
    const { reference, origin, workload, noReference } = judged
    const kinds = Object.values<Check>(checks).find(({ name }) => name === check.name)?.kinds ?? []
    const cases = workload.cases.filter(({ id, kind }) => kinds.includes(kind) && concerned(id))
    const calibrating = workloadOf(model, calibrationImages(entry, base))
    const ranges = await calibrated(context, model, precision, calibrating, quiet)
    const loadable = loadableFor(model, found, precision, plan.options, home, ranges)
    const session = await Session.open(found.launch, loadable, sessionLimits(plan), signal)
    try {
      const outputs = await observeVision(session, workload, cases, { again: isSelfCheck }, quiet)
      const kept = new Map([...(reference?.outputs ?? [])].filter(([id]) => outputs.has(id)))
      return {
        reference: reference === null ? null : { name: reference.name, outputs: kept },
        origin,
        outputs,
        context: visionContext(model, workload, precision, noReference),
      }
    } finally {
      await session.close()
    }
  },
}
