/** `assay golden capture`: what a device gives for a model's workload, as a golden to hand on. */
import { openModel } from '../build/model.ts'
import { AssayError } from '../errors.ts'
import { writeGolden } from '../goldens/golden.ts'
import { type Kept, keepPart } from '../goldens/partial.ts'
import { Plan } from '../plan/schema.ts'
import type { DeviceId, Precision } from '../words.ts'
import { runnerOf } from './categories/index.ts'
import type { Discovered } from './discovery.ts'
import { loadableFor, unsupported } from './loadable.ts'
import type { Observer } from './observe.ts'
import { Session } from './session.ts'

export interface CaptureRequest {
  readonly model: string
  readonly device: DeviceId
  readonly precision: Precision
  readonly discovered: Discovered
  readonly base: string
  readonly home: string
  /** Where the golden goes. */
  readonly path: string
  readonly prompts?: string | undefined
  readonly text?: string | undefined
  readonly images?: string | undefined
  /** What is kept of the logits. */
  readonly kept: Kept
  readonly signal: AbortSignal
  readonly onCase?: Observer
}

/** Writes the golden and tells how many cases it holds. Throws AssayError where the device cannot run the model. */
export async function captureGolden(request: CaptureRequest): Promise<{ readonly cases: number }> {
  const { model: reference, device: id, precision, discovered, base, home, signal } = request
  const model = openModel(reference, base, home)
  const found = discovered.found.get(id)
  if (!found) throw new AssayError('device-unavailable', `${id} is not here`)
  const reason = unsupported(model, found, precision)
  if (reason !== null) throw new AssayError('device-unavailable', reason)
  const { limits, options } = Plan.parse({ models: [reference] })
  const { prompts, text, images, onCase = () => undefined } = request
  const outputs = await runnerOf(model).capture(model, {
    entry: { model: reference, prompts, text, images },
    ...{ found, precision, base, home, limits, onCase },
    async inSession(use) {
      const session = await Session.open(
        found.launch,
        loadableFor(model, found, precision, options, home),
        limits,
        signal,
      )
      try {
        return await use(session)
      } finally {
        await session.close()
      }
    },
  })
  writeGolden(request.path, {
    model: reference,
    fingerprint: model.fingerprint,
    producer: { engine: found.launch.engine, device: id, versions: { ...found.versions } },
    precision,
    ...(model.kind !== 'onnx' && { contents: model.contents }),
    outputs: keepPart(outputs, request.kept),
  })
  return { cases: outputs.size }
}
