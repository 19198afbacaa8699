/** An ONNX file of somebody else's on a device, judged by a golden, or by the test data sets that came with it. */
import { resolve } from 'node:path'
import { type OnnxFileModel, openModel } from '../build/model.ts'
import type { CaseOutputs, Reference } from '../checks/index.ts'
import { checkGoldenMatches, readGolden } from '../goldens/golden.ts'
import { describeProducer } from '../goldens/producer.ts'
import { testDataSets } from '../onnx/test-data.ts'
import { loadableFor, unsupported } from './loadable.ts'
import { Skip } from './outcome.ts'
import type { UnitContext } from './request.ts'
import { sessionLimits } from './request.ts'
import { Session } from './session.ts'
import { activity, askedChecks, judgeAll, tellLoaded } from './unit-parts.ts'

export async function runOnnxUnit(context: UnitContext): Promise<void> {
  const { plan, base, home, unit, discovered, signal } = context
  const { device, precision } = unit.header
  const found = discovered.found.get(device)
  if (!found) throw new Skip(`${device} is not here`)
  const model = openModel(unit.entry.model, base)
  if (model.kind !== 'onnx') throw new Skip(`${unit.entry.model} is no ONNX file`)
  const reason = unsupported(model, found, precision)
  if (reason !== null) throw new Skip(reason)
  const reference = expectedOf(model, unit.entry.golden === undefined ? null : resolve(base, unit.entry.golden))

  activity(context, 'loading the graph')
  const loadable = loadableFor(model, found, precision, plan.options, home)
  const session = await Session.open(found.launch, loadable, sessionLimits(plan), signal)
  try {
    tellLoaded(context, session, { fingerprint: model.fingerprint, parameters: null }, loadable)
    const outputs = new Map<string, CaseOutputs>()
    const tell = activity(context, 'device outputs')
    for (const [id, { inputs }] of reference.outputs) {
      tell(outputs.size, reference.outputs.size)
      const once = await session.run(inputs)
      const twice = await session.run(inputs)
      const again = Object.fromEntries(Object.entries(twice).map(([output, value]) => [`${output}_again`, value]))
      outputs.set(id, { inputs, outputs: { ...once, ...again } })
    }
    judgeAll(context, askedChecks(plan, ['data']), reference, outputs, {
      precision,
      noReference: null,
      decode: null,
      answers: new Map(),
      absent: new Map(),
    })
  } finally {
    await session.close()
  }
}

/** What the file should give, and for which inputs: by a golden, else by the data sets beside it. */
function expectedOf(model: OnnxFileModel, goldenPath: string | null): Reference {
  if (goldenPath !== null) {
    const golden = readGolden(goldenPath)
    checkGoldenMatches(golden, model.fingerprint)
    const outputs = new Map(Array.from(golden.outputs, ([id, given]) => [caseId(id), given]))
    return { name: `golden of ${describeProducer(golden.producer)}, ${golden.precision}`, outputs }
  }
  const sets = testDataSets(model.path)
  if (sets.length === 0) throw new Skip('no test_data_set_* lies beside the file, so nothing says what is right')
  const outputs = new Map(sets.map(({ name, inputs, outputs }) => [caseId(name), { inputs, outputs }]))
  return { name: 'test data set', outputs }
}

/** The id under which the checks look for data; a golden of any tool may name its cases as it likes. */
function caseId(name: string): string {
  return name.startsWith('data.') ? name : `data.${name}`
}
