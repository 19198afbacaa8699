/** A language model on a device: reference, checks, benchmarks. */
import type { LanguageModel } from '../build/model.ts'
import type { GenerationSettings } from '../plan/benchmarks.ts'
import { gridOf } from '../plan/grid.ts'
import { caseKinds, casesOfKinds, type LlmWorkload, workloadOf } from '../workloads/llm/index.ts'
import { benchmarkGeneration } from './benchmark/generation/benchmark.ts'
import { memoryOf } from './benchmark/memory.ts'
import { callsOfCases, callsOfGeneration, type Generation } from './demand.ts'
import type { FoundDevice } from './discovery.ts'
import { languageAnswers } from './language-answers.ts'
import { loadableFor } from './loadable.ts'
import { observe } from './observe.ts'
import { onReference, Skip } from './outcome.ts'
import { chosenPrompts } from './paths.ts'
import { isReference, judgedBy, referenceDevice } from './reference.ts'
import type { UnitContext } from './request.ts'
import { noRoom, type Placements } from './room.ts'
import { Session, type Teller } from './session.ts'
import { unitLimits } from './unit-limits.ts'
import { activity, askedChecks, judgeAll, tellLoaded } from './unit-parts.ts'
import { UnitWorker } from './unit-worker.ts'

export async function runLlmUnit(context: UnitContext, model: LanguageModel, found: FoundDevice): Promise<void> {
  const { plan, base, home, unit, signal } = context
  const { device, precision } = unit.header
  const checks = askedChecks(plan, 'llm', caseKinds)
  const kinds = new Set(checks.flatMap(check => check.kinds))
  const ownWorkload = casesOfKinds(workloadOf(model, chosenPrompts(unit.entry, base), plan.limits.passTflop), kinds)

  const wantsChecks = checks.length > 0
  const lacking = noRoom(model, placementsOf(context, model, found, ownWorkload, wantsChecks), plan.limits, home)
  if (lacking !== null) throw new Skip(lacking)

  const target = { device, precision, golden: unit.entry.golden }
  const judged = wantsChecks
    ? await onReference(
        judgedBy(context, model, languageAnswers(ownWorkload, activity(context, 'reference outputs')), target),
      )
    : { reference: null, origin: null, noReference: 'no check was asked for', workload: ownWorkload }

  activity(context, 'building and loading the graph')
  const loadable = loadableFor(model, found, precision, plan.options, home)
  const limits = unitLimits(plan, found)
  const tell: Teller = text => activity(context, text)
  const worker = await UnitWorker.open(what => Session.open(found.launch, what, limits, signal, tell), loadable)
  try {
    const session = worker.latest
    tellLoaded(context, session, model, loadable, judged.workload.remarks)
    if (wantsChecks) {
      const { reference, noReference } = judged
      const workload = casesOfKinds(judged.workload, kinds)
      const outputs = await observe(
        session,
        workload,
        workload.cases,
        { again: true },
        activity(context, 'device outputs'),
      )
      activity(context, 'comparing')
      judgeAll(
        context,
        checks,
        reference,
        outputs,
        {
          precision,
          noReference,
          decode: workload.decode,
          tokenText: workload.tokenText ?? null,
          answers: workload.answers,
          absent: workload.absent,
        },
        session.loaded.placement,
      )
    }
    const settings = plan.benchmarks.generation
    if (settings)
      await benchmarkGeneration(context, settings, {
        worker,
        model,
        found,
        memory: memoryOf(found.description.memoryBytes, limits.workerMemoryBytes),
        tokens: ownWorkload.benchmarkTokens,
        isReference: isReference(context, device, precision),
      })
  } finally {
    await worker.close()
  }
}

/** The shortest shape at the smallest batch. */
function leastPoint(settings: GenerationSettings): Generation {
  const { shapes, batches } = gridOf(settings)
  const batch = Math.min(...batches)
  const points = shapes.map(({ inputTokens, outputTokens }) => ({ batch, inputTokens, outputTokens }))
  return points.reduce((least, point) => (tokensOf(point) < tokensOf(least) ? point : least))
}

function tokensOf({ inputTokens, outputTokens }: Generation): number {
  return inputTokens + outputTokens
}

/** What runs where for a unit: the least of its benchmark, since larger batches are points that may fail alone. */
function placementsOf(
  context: UnitContext,
  { graph: { maxPositions } }: LanguageModel,
  found: FoundDevice,
  { cases }: LlmWorkload,
  wantsChecks: boolean,
): Placements {
  const { plan, unit } = context
  const { device, precision } = unit.header
  const { generation } = plan.benchmarks
  const timed = generation ? callsOfGeneration(leastPoint(generation), maxPositions) : []
  const checked = wantsChecks ? callsOfCases(cases) : []
  const isJudgedByReference = !isReference(context, device, precision) && unit.entry.golden === undefined
  const calls = [...(isJudgedByReference ? checked : []), ...(isReference(context, device, precision) ? [] : timed)]
  return {
    device: { found, precision, calls: [...checked, ...timed] },
    reference:
      calls.length > 0 ? { found: referenceDevice(context), precision: plan.reference.precision, calls } : null,
    isTogether: timed.length > 0,
  }
}
