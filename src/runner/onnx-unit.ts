/** An ONNX file of somebody else's on a device, judged by a golden, or by the test data sets that came with it. */
import { resolve } from 'node:path'
import type { OnnxFileModel } from '../build/model.ts'
import type { CaseOutputs, CheckContext, Outputs, Reference } from '../checks/index.ts'
import { checkGoldenMatches, readGolden } from '../goldens/golden.ts'
import { describeProducer } from '../goldens/producer.ts'
import { shortestType } from '../onnx/shortest-type.ts'
import { testDataSets } from '../onnx/test-data.ts'
import type { FoundDevice } from './discovery.ts'
import { loadableFor } from './loadable.ts'
import type { Observer } from './observe.ts'
import { Skip } from './outcome.ts'
import type { Origin } from './reference.ts'
import type { UnitContext } from './request.ts'
import { sessionLimits } from './request.ts'
import { Session, type Teller } from './session.ts'
import { activity, askedChecks, judgeAll, tellLoaded } from './unit-parts.ts'

interface Expected {
  readonly reference: Reference
  readonly origin: Origin
}

export async function runOnnxUnit(context: UnitContext, model: OnnxFileModel, found: FoundDevice): Promise<void> {
  const { plan, base, home, unit, signal } = context
  const { precision } = unit.header
  const { reference } = expectedOf(model, unit.entry.golden, base)

  activity(context, 'loading the graph')
  const loadable = loadableFor(model, found, precision, plan.options, home)
  const tell: Teller = text => activity(context, text)
  const session = await Session.open(found.launch, loadable, sessionLimits(plan), signal, tell)
  try {
    tellLoaded(context, session, { fingerprint: model.fingerprint, parameters: null }, loadable)
    const outputs = await observeData(session, reference.outputs, activity(context, 'device outputs'))
    judgeAll(
      context,
      askedChecks(plan, 'onnx', ['data']),
      reference,
      outputs,
      dataContext(model),
      session.loaded.placement,
    )
  } finally {
    await session.close()
  }
}

/** What a model gives for the inputs of each case, twice. */
export async function observeData(session: Session, cases: Outputs, onCase: Observer): Promise<Outputs> {
  const outputs = new Map<string, CaseOutputs>()
  for (const [id, { inputs }] of cases) {
    onCase(outputs.size, cases.size)
    const once = await session.run(inputs)
    const twice = await session.run(inputs)
    const again = Object.fromEntries(Object.entries(twice).map(([output, value]) => [`${output}_again`, value]))
    outputs.set(id, { inputs, outputs: { ...once, ...again } })
  }
  return outputs
}

/**
 * What the file should give, and for which inputs: by a golden, else by the data sets beside it; and who says so.
 * @throws Skip where nothing does; AssayError where the golden is malformed or of another model
 */
export function expectedOf(model: OnnxFileModel, goldenFile: string | undefined, base: string): Expected {
  if (goldenFile !== undefined) {
    const golden = readGolden(resolve(base, goldenFile))
    checkGoldenMatches(golden, model)
    const { producer, precision } = golden
    const outputs = new Map(Array.from(golden.outputs, ([id, given]) => [caseId(id), given]))
    return {
      reference: { name: `golden of ${describeProducer(producer)}, ${precision}`, outputs },
      origin: { producer, precision },
    }
  }
  const sets = testDataSets(model.path)
  if (sets.length === 0) throw new Skip('no test_data_set_* lies beside the file, so nothing says what is right')
  const outputs = new Map(sets.map(({ name, inputs, outputs }) => [caseId(name), { inputs, outputs }]))
  const name = 'test data set'
  return { reference: { name, outputs }, origin: { producer: name, precision: 'fp32' } }
}

/**
 * How a file's outputs are judged. It runs as it stands, so its own types say how much rounding there may be; and what its
 * author says is right may hold NaN.
 */
export function dataContext({ path }: OnnxFileModel): CheckContext {
  return {
    precision: shortestType(path),
    isStated: true,
    noReference: null,
    decode: null,
    answers: new Map(),
    absent: new Map(),
  }
}

/** The id under which the checks look for data; a golden of any tool may name its cases as it likes. */
function caseId(name: string): string {
  return name.startsWith('data.') ? name : `data.${name}`
}
