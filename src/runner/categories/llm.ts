import type { LanguageModel } from '../../build/model.ts'
import { AssayError } from '../../errors.ts'
import { referenceCases, workloadOf } from '../../workloads/llm/index.ts'
import { callsOfCases } from '../demand.ts'
import { languageAnswers } from '../language-answers.ts'
import { runLlmUnit } from '../llm-unit.ts'
import { loadableFor } from '../loadable.ts'
import { observe } from '../observe.ts'
import { onReference } from '../outcome.ts'
import { chosenPrompts } from '../paths.ts'
import { judgedBy } from '../reference.ts'
import { sessionLimits } from '../request.ts'
import { noRoom } from '../room.ts'
import { Session } from '../session.ts'
import type { CategoryRunner } from './category.ts'

const quiet = () => undefined

export const llm: CategoryRunner<LanguageModel> = {
  check(model, entry, base) {
    workloadOf(model, chosenPrompts(entry, base))
  },

  run: runLlmUnit,

  async capture(model, { entry, found, precision, base, home, limits, onCase, inSession }) {
    const workload = workloadOf(model, chosenPrompts(entry, base))
    const device = { found, precision, calls: callsOfCases(workload.cases) }
    const lacking = noRoom(model, { device, reference: null, isTogether: false }, limits, home)
    if (lacking !== null) throw new AssayError('device-unavailable', lacking, { where: entry.model })
    return inSession(session => observe(session, workload, referenceCases(workload), { again: false }, onCase))
  },

  async sides(context, { header, entry }, model, found, { check, concerned }) {
    const { plan, base, home, signal } = context
    const { device, precision } = header
    const own = workloadOf(model, chosenPrompts(entry, base))
    const isSelfCheck = check.reference === null && check.name !== 'known-answers'
    const judged = isSelfCheck
      ? { reference: null, origin: null, workload: own, noReference: null }
      : await onReference(
          judgedBy(context, model, languageAnswers(own, quiet), { device, precision, golden: entry.golden }),
        )
    const { reference, origin, workload, noReference } = judged
    const cases = workload.cases.filter(({ id }) => concerned(id))
    // What a near tie is follows from the size of the reference's logits, which the greedy checks take from these cases.
    const isScale = (id: string) => id.startsWith('logits.') && cases.some(({ kind }) => kind === 'generate')
    const loadable = loadableFor(model, found, precision, plan.options, home)
    const session = await Session.open(found.launch, loadable, sessionLimits(plan), signal)
    try {
      const outputs = await observe(session, workload, cases, { again: isSelfCheck }, quiet)
      const kept = new Map([...(reference?.outputs ?? [])].filter(([id]) => concerned(id) || isScale(id)))
      const { decode, answers, absent, tokenText = null } = workload
      return {
        reference: reference === null ? null : { name: reference.name, outputs: kept },
        origin,
        outputs,
        context: { precision, noReference, decode, tokenText, answers, absent },
      }
    } finally {
      await session.close()
    }
  },
}
