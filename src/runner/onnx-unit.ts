/** An ONNX file of somebody else's on a device, judged by the test data sets that came with it. */
import { openModel } from '../build/model.ts'
import type { CaseOutputs } from '../checks/index.ts'
import { testDataSets } from '../onnx/test-data.ts'
import { loadableFor, unsupported } from './loadable.ts'
import { Skip } from './outcome.ts'
import type { UnitContext } from './request.ts'
import { sessionLimits } from './request.ts'
import { Session } from './session.ts'
import { activity, judgeAll, tellLoaded } from './unit-parts.ts'

export async function runOnnxUnit(context: UnitContext): Promise<void> {
  const { plan, base, home, unit, discovered, signal } = context
  const { device, precision } = unit.header
  const found = discovered.found.get(device)
  if (!found) throw new Skip(`${device} is not here`)
  const model = openModel(unit.entry.model, base)
  if (model.kind !== 'onnx') throw new Skip(`${unit.entry.model} is no ONNX file`)
  const reason = unsupported(model, found, precision)
  if (reason !== null) throw new Skip(reason)
  const sets = testDataSets(model.path)
  if (sets.length === 0) throw new Skip('no test_data_set_* lies beside the file, so nothing says what is right')

  activity(context, 'loading the graph')
  const loadable = loadableFor(model, found, precision, plan.options, home)
  const session = await Session.open(found.launch, loadable, sessionLimits(plan), signal)
  try {
    tellLoaded(context, session, { fingerprint: model.fingerprint, parameters: null })
    const outputs = new Map<string, CaseOutputs>()
    const tell = activity(context, 'device outputs')
    for (const [index, { name, inputs }] of sets.entries()) {
      tell(index, sets.length)
      const once = await session.run(inputs)
      const twice = await session.run(inputs)
      const again = Object.fromEntries(Object.entries(twice).map(([output, value]) => [`${output}_again`, value]))
      outputs.set(`data.${name}`, { inputs, outputs: { ...once, ...again } })
    }
    const reference = new Map(
      sets.map(({ name, inputs, outputs: expected }) => [`data.${name}`, { inputs, outputs: expected }]),
    )
    judgeAll(context, ['outputs-parity', 'determinism'], { name: 'test data set', outputs: reference }, outputs, {
      precision,
      noReference: null,
      decode: null,
      answers: new Map(),
    })
  } finally {
    await session.close()
  }
}
