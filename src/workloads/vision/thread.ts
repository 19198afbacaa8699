/** A thread that prepares images one after another. */
import { parentPort, workerData } from 'node:worker_threads'
import { AssayError } from '../../errors.ts'
import { prepareImage, type Recipe } from './prepare.ts'
import type { ThreadAnswer, ThreadRequest } from './preparer.ts'

if (parentPort === null) throw new Error('thread.ts runs inside a worker thread')
const port = parentPort
// The main thread of the same program wrote it.
const recipe = workerData as Recipe

port.on('message', async ({ id, source }: ThreadRequest) => {
  try {
    const image = await prepareImage(source, recipe)
    port.postMessage({ id, image } satisfies ThreadAnswer, [image.values.buffer as ArrayBuffer])
  } catch (error) {
    const { code, message, where, hint } = error instanceof AssayError ? error : { ...nothing, message: said(error) }
    port.postMessage({ id, error: { code, message, where, hint } } satisfies ThreadAnswer)
  }
})

/** An error of the program, and not of an image. */
const nothing = { code: null, where: undefined, hint: undefined }

function said(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
