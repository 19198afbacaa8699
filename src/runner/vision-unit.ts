/** A vision model on a device: reference, checks, pictures of what went wrong, benchmarks. */
import type { VisionModel } from '../build/model.ts'
import type { Check, CheckContext, Reference } from '../checks/index.ts'
import { BenchmarkImages, casesOfKinds, type VisionWorkload, workloadOf } from '../workloads/vision/index.ts'
import { benchmarkInference } from './benchmark/inference/benchmark.ts'
import { memoryOf } from './benchmark/memory.ts'
import type { FoundDevice } from './discovery.ts'
import { loadableFor } from './loadable.ts'
import { onReference, Skip } from './outcome.ts'
import { calibrationImages, chosenImages } from './paths.ts'
import { isReference, judgedBy, openReference, referenceDevice } from './reference.ts'
import type { UnitContext } from './request.ts'
import { noRoom, type Placements } from './room.ts'
import { Session, type Teller } from './session.ts'
import { unitLimits } from './unit-limits.ts'
import { activity, judged as judgedResults, tellChecked, tellLoaded } from './unit-parts.ts'
import { UnitWorker } from './unit-worker.ts'
import { visionAnswers } from './vision/answers.ts'
import { calibrated } from './vision/calibration.ts'
import { inferenceCost } from './vision/cost.ts'
import { illustrated } from './vision/illustrated.ts'
import { observeVision } from './vision/observe.ts'
import { sceneDisagreement } from './vision/scene-disagreement.ts'
import { suitingChecks } from './vision/suiting.ts'

export async function runVisionUnit(context: UnitContext, model: VisionModel, found: FoundDevice): Promise<void> {
  const { plan, base, home, unit, signal } = context
  const { device, precision } = unit.header
  const workload = workloadOf(model, chosenImages(unit.entry, base))
  const checks = suitingChecks(plan, workload.head)
  const kinds = new Set(checks.flatMap(check => check.kinds))
  const ownWorkload = casesOfKinds(workload, kinds)
  const wantsChecks = checks.length > 0
  const lacking = noRoom(model, placementsOf(context, found, wantsChecks), plan.limits, home)
  if (lacking !== null) throw new Skip(lacking)

  const target = { device, precision, golden: unit.entry.golden }
  const answers = () => visionAnswers(ownWorkload, activity(context, 'reference outputs'))
  const judged = wantsChecks
    ? await onReference(judgedBy(context, model, answers(), target))
    : { reference: null, noReference: 'no check was asked for', workload: ownWorkload }

  const calibrating = workloadOf(model, calibrationImages(unit.entry, base))
  const ranges = await calibrated(context, model, precision, calibrating, activity(context, 'calibrating'))
  activity(context, 'building and loading the graph')
  const loadable = loadableFor(model, found, precision, plan.options, home, ranges)
  const limits = unitLimits(plan, found)
  const tell: Teller = text => activity(context, text)
  const worker = await UnitWorker.open(what => Session.open(found.launch, what, limits, signal, tell), loadable)
  try {
    tellLoaded(context, worker.latest, model, loadable, judged.workload.remarks)
    if (wantsChecks) {
      const asked = casesOfKinds(judged.workload, kinds)
      const checkContext = visionContext(model, asked, precision, judged.noReference)
      await checkOutputs(context, { checks, reference: judged.reference, checkContext }, asked, worker.latest)
    }
    const settings = plan.benchmarks.inference
    if (!settings) return
    const images = new BenchmarkImages(ownWorkload)
    try {
      await benchmarkInference(context, settings, {
        worker,
        found,
        image: model.graph.image,
        isReference: isReference(context, device, precision),
        memory: memoryOf(found.description.memoryBytes, limits.workerMemoryBytes),
        cost: inferenceCost(model, found, precision),
        pixels: batch => images.pixels(batch),
        read: images.areFiles ? (first, batch) => images.read(first, batch) : null,
        openReference: () => openReference(context, model),
        ...(ownWorkload.head === 'boxes' && {
          disagreement: sceneDisagreement(ownWorkload, visionContext(model, ownWorkload, precision, null)),
        }),
      })
    } finally {
      await images.close()
    }
  } finally {
    await worker.close()
  }
}

interface Judging {
  readonly checks: readonly Check[]
  readonly reference: Reference | null
  readonly checkContext: CheckContext
}

async function checkOutputs(
  context: UnitContext,
  { checks, reference, checkContext }: Judging,
  workload: VisionWorkload,
  session: Session,
): Promise<void> {
  const outputs = await observeVision(
    session,
    workload,
    workload.cases,
    { again: true },
    activity(context, 'device outputs'),
  )
  activity(context, 'comparing')
  const { placement } = session.loaded
  const results = judgedResults(checks, reference, outputs, checkContext, placement)
  for (const result of results)
    tellChecked(
      context,
      await illustrated(result, workload, { reference: reference?.outputs ?? null, device: outputs }),
    )
}

export function visionContext(
  { directory }: Pick<VisionModel, 'directory'>,
  { head, labels, absent }: VisionWorkload,
  precision: CheckContext['precision'],
  noReference: string | null,
): CheckContext {
  const areChoicesUntrained = head === 'boxes' && directory === null
  return {
    precision,
    noReference,
    decode: null,
    answers: new Map(),
    absent,
    areChoicesUntrained,
    ...(labels !== null && { labels }),
  }
}

/** What runs where for a unit. */
function placementsOf(context: UnitContext, found: FoundDevice, wantsChecks: boolean): Placements {
  const { plan, unit } = context
  const { device, precision } = unit.header
  const isTimed = plan.benchmarks.inference !== undefined
  const needsReference = !isReference(context, device, precision) && (isTimed || (wantsChecks && !unit.entry.golden))
  return {
    device: { found, precision, calls: [] },
    reference: needsReference
      ? { found: referenceDevice(context), precision: plan.reference.precision, calls: [] }
      : null,
    isTogether: isTimed,
  }
}
