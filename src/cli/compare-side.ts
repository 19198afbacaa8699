/** From what a person calls a side of a comparison to what it is: a run, a device of one, a document, a log, a golden. */
import { existsSync, readFileSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { type GoldenSide, type RunSide, Samples } from '../comparison/index.ts'
import { AssayError } from '../errors.ts'
import { resultOf } from '../events/document.ts'
import type { RunEvent } from '../events/event.ts'
import { ResultDocument } from '../events/result.ts'
import { readGolden } from '../goldens/golden.ts'
import { describeProducer } from '../goldens/producer.ts'
import { parseLog } from '../store/log.ts'
import { DeviceId } from '../words.ts'
import type { Context } from './command.ts'
import { withRuns } from './store.ts'

export type CompareSide =
  | { readonly kind: 'run'; readonly side: RunSide }
  | { readonly kind: 'golden'; readonly side: GoldenSide }

const FILES = ['.safetensors', '.json', '.jsonl']

/** Throws AssayError where it is not there, or is none of these. */
export async function openSide(name: string, context: Context): Promise<CompareSide> {
  const { source, device } = partsOf(name, context.cwd)
  const path = resolve(context.cwd, source)
  const ending = extname(source).toLowerCase()
  if (!FILES.includes(ending)) {
    const events = await withRuns(context, store => store.events(store.find(source).id))
    return { kind: 'run', side: sideOfLog(name, events, device) }
  }
  if (!existsSync(path)) throw new AssayError('argument-invalid', 'there is no such file', { where: source })
  if (ending === '.jsonl') {
    return { kind: 'run', side: sideOfLog(name, parseLog(readFileSync(path, 'utf8'), source), device) }
  }
  if (ending === '.json')
    return { kind: 'run', side: narrowed({ name, result: readResult(path, source), samples: null, device }) }
  if (device !== null)
    throw new AssayError('argument-invalid', 'a golden is of one device, and none can be chosen', { where: name })
  const { model, fingerprint, precision, producer, outputs } = readGolden(path)
  return {
    kind: 'golden',
    side: { name, model, fingerprint, precision, producer: describeProducer(producer), outputs },
  }
}

/** `last:torch:cuda:0` -> `last` and `torch:cuda:0`. */
function partsOf(name: string, cwd: string): { readonly source: string; readonly device: DeviceId | null } {
  if (existsSync(resolve(cwd, name))) return { source: name, device: null }
  for (let at = name.indexOf(':'); at >= 0; at = name.indexOf(':', at + 1)) {
    const device = DeviceId.safeParse(name.slice(at + 1))
    if (device.success && at > 0) return { source: name.slice(0, at), device: device.data }
  }
  return { source: name, device: null }
}

function sideOfLog(name: string, events: readonly RunEvent[], device: DeviceId | null): RunSide {
  const result = resultOf(events)
  if (result === null) throw new AssayError('log-invalid', 'the log is empty', { where: name })
  return narrowed({ name, result, samples: Samples.of(events), device })
}

/** Throws AssayError where the run has nothing of the device. */
function narrowed(side: RunSide): RunSide {
  const { result, device, name } = side
  const devices = [...new Set(result.units.map(unit => unit.device))]
  if (device === null || devices.some(id => id === device)) return side
  throw new AssayError('argument-invalid', `run ${result.run} has no unit on ${device}`, {
    where: name,
    hint: `its devices: ${devices.join(', ') || 'none'}`,
  })
}

function readResult(path: string, where: string): ResultDocument {
  let parsed: unknown
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new AssayError('argument-invalid', 'this file is not JSON', { where })
  }
  const result = ResultDocument.safeParse(parsed)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new AssayError(
    'argument-invalid',
    `this is no result document (assay-run-1): ${issue?.path.join('.')}: ${issue?.message}`,
    {
      where,
      hint: '`assay run --json`, or `assay report RUN -o FILE.json`, writes one',
    },
  )
}

/** Where one side names a device, the other is looked at on the same one. */
export function sameDevice(a: RunSide, b: RunSide): readonly [RunSide, RunSide] {
  if ((a.device === null) === (b.device === null)) return [a, b]
  return [narrowed({ ...a, device: a.device ?? b.device }), narrowed({ ...b, device: b.device ?? a.device })]
}
