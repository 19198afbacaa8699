/** A workload on the inputs of a golden, in place of the model's own prompts. Pure. */
import type { CaseOutputs, Outputs } from '../../checks/index.ts'
import { type LlmWorkload, named } from './cases.ts'
import { storedTokens } from './families/family.ts'
import { familyOf, type LlmCase } from './families/index.ts'

/**
 * The same workload on a golden's inputs: its cases take the place of those that a reference is needed for, those of a device
 * with itself stay. A golden of any tool may name its cases as it likes: what a case holds says what it is.
 */
export function workloadOfGolden(workload: LlmWorkload, golden: Outputs): LlmWorkload {
  const cases = Array.from(golden, ([id, stored]) => caseOf(id, stored) ?? [])
  const ofDevice = workload.cases.filter(({ kind }) => familyOf.get(kind)?.ofGolden === null)
  return {
    ...workload,
    cases: [...cases.flat(), ...ofDevice],
    remarks: [...workload.remarks, ...keptRemarks(golden), ...unknownRemarks(golden)],
  }
}

/** The case that a golden holds; null where it is none of a language model's. */
function caseOf(id: string, stored: CaseOutputs): LlmCase | null {
  for (const [kind, { ofGolden }] of familyOf) {
    const found = ofGolden?.(stored)
    if (found) return named(kind, { ...found, name: id })
  }
  return null
}

/** What a golden that keeps a part of the logits cannot judge: a pass says nothing of it. */
function keptRemarks(golden: Outputs): string[] {
  const cases = [...golden.values()]
  const last = cases.filter(({ outputs }) => outputs['last_logits'] !== undefined)
  const top = cases.filter(({ outputs }) => outputs['top_logits'] !== undefined)
  const positions = last.reduce((sum, stored) => sum + Math.max(0, (storedTokens(stored)?.length ?? 1) - 1), 0)
  const sizes = [...new Set(top.map(({ outputs }) => outputs['top_logits']?.shape.at(-1) ?? 0))].join(' or ')
  return [
    ...(last.length === 0
      ? []
      : [
          `the golden keeps the logits of the last position alone in ${sayCases(last.length)}: ${positions} positions were not judged`,
        ]),
    ...(top.length === 0
      ? []
      : [
          `the golden keeps the ${sizes} largest logits of a position alone in ${sayCases(top.length)}: the others were not judged`,
        ]),
  ]
}

const NAMED = 5

/** Cases whose outputs nobody knows: left out, and said. */
function unknownRemarks(golden: Outputs): string[] {
  const unknown = [...golden].filter(([id, stored]) => caseOf(id, stored) === null)
  if (unknown.length === 0) return []
  const names = unknown.slice(0, NAMED).map(([id, { outputs }]) => `${id} (${Object.keys(outputs).join(', ')})`)
  const more = unknown.length > NAMED ? ` and ${unknown.length - NAMED} more` : ''
  return [
    `not judged: ${sayCases(unknown.length)} of the golden with outputs that no check of a language model knows: ` +
      `${names.join(', ')}${more}`,
  ]
}

const sayCases = (count: number): string => `${count} ${count === 1 ? 'case' : 'cases'}`

/** A golden's outputs under the ids that the workload's cases have. Cases that are none of a language model are left out. */
export function goldenOutputs(workload: LlmWorkload, golden: Outputs): Outputs {
  const wanted = new Set(workload.cases.map(({ id }) => id))
  return new Map(
    Array.from(golden, ([id, outputs]) => {
      const found = [id, ...Array.from(familyOf.keys(), kind => `${kind}.${id}`)].find(name => wanted.has(name))
      return found === undefined ? [] : [[found, outputs] as const]
    }).flat(),
  )
}
