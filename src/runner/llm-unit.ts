/** A language model on a device: reference, checks, benchmarks. */
import { openModel } from '../build/model.ts'
import type { checks } from '../checks/index.ts'
import { workloadOf } from '../workloads/llm/index.ts'
import { benchmarkGeneration } from './benchmark.ts'
import { loadableFor, unsupported } from './loadable.ts'
import { observe } from './observe.ts'
import { onReference, Skip } from './outcome.ts'
import { chosenPrompts } from './paths.ts'
import { isReference, judgedBy } from './reference.ts'
import type { UnitContext } from './request.ts'
import { sessionLimits } from './request.ts'
import { Session } from './session.ts'
import { activity, judgeAll, tellLoaded } from './unit-parts.ts'

const CHECKS = [
  'logits-parity',
  'known-answers',
  'greedy-agreement',
  'perplexity',
  'prefill-decode',
  'determinism',
] as const satisfies (keyof typeof checks)[]

export async function runLlmUnit(context: UnitContext): Promise<void> {
  const { plan, base, home, unit, discovered, signal } = context
  const { device, precision } = unit.header
  const found = discovered.found.get(device)
  if (!found) throw new Skip(`${device} is not here`)
  const model = openModel(unit.entry.model, base)
  if (model.kind !== 'llm') throw new Skip(`${unit.entry.model} is no language model`)
  const reason = unsupported(model, found, precision)
  if (reason !== null) throw new Skip(reason)
  const ownWorkload = workloadOf(model, chosenPrompts(unit.entry, base))

  const wantsChecks = plan.checks === 'all' || plan.checks.length > 0
  const target = { device, precision, golden: unit.entry.golden }
  const judged = wantsChecks
    ? await onReference(judgedBy(context, model, ownWorkload, target, activity(context, 'reference outputs')))
    : { reference: null, noReference: 'no check was asked for', workload: ownWorkload }

  activity(context, 'building and loading the graph')
  const loadable = loadableFor(model, found, precision, plan.options, home)
  const session = await Session.open(found.launch, loadable, sessionLimits(plan), signal)
  try {
    tellLoaded(context, session, model)
    if (wantsChecks) {
      const { workload, reference, noReference } = judged
      const outputs = await observe(
        session,
        workload,
        workload.cases,
        { again: true },
        activity(context, 'device outputs'),
      )
      activity(context, 'comparing')
      judgeAll(context, CHECKS, reference, outputs, {
        precision,
        noReference,
        decode: workload.decode,
        answers: workload.answers,
      })
    }
    const settings = plan.benchmarks.generation
    if (settings)
      await benchmarkGeneration(context, settings, {
        session,
        model,
        found,
        tokens: ownWorkload.benchmarkTokens,
        isReference: isReference(context, device, precision),
      })
  } finally {
    await session.close()
  }
}
