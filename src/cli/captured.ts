import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Kept } from '../goldens/partial.ts'
import { resolveDevice } from '../plan/resolve.ts'
import type { Plan } from '../plan/schema.ts'
import { captureGolden } from '../runner/capture.ts'
import type { DeviceId, Precision } from '../words.ts'
import type { Context } from './command.ts'
import { checkWritable } from './report-file.ts'
import { lookAround } from './run/here.ts'
import { interruptibly } from './run/interrupt.ts'

export interface Capture {
  readonly model: string
  readonly device: DeviceId
  /** Engines beside those that Assay has. */
  readonly engines: Plan['engines']
  readonly precision: Precision
  readonly path: string
  readonly prompts: string | null
  readonly text: string | null
  readonly images: string | null
  readonly kept: Kept
}

/** Captures a golden; null where it was interrupted. Throws AssayError where the device or the model cannot be used. */
export async function capture(request: Capture, { output, cwd, home }: Context) {
  const { model, device, precision, path } = request
  checkWritable(path, 'give a file in a folder that exists')
  return interruptibly(output.note, async signal => {
    const { discovered, found } = await lookAround(request.engines, cwd, [device], output)
    resolveDevice(device, found)
    const place = (file: string | null) => (file === null ? undefined : resolve(cwd, file))
    const files = { prompts: place(request.prompts), text: place(request.text), images: place(request.images) }
    try {
      const { cases } = await captureGolden({
        model,
        device,
        precision,
        discovered,
        base: cwd,
        home,
        path,
        kept: request.kept,
        ...files,
        signal,
      })
      return { path, cases, model, device, precision, kept: request.kept, sizeBytes: statSync(path).size }
    } catch (error) {
      if (signal.aborted) return null
      throw error
    }
  })
}
