import { resolve } from 'node:path'
import type { ModelEntry } from '../plan/schema.ts'

/** The plan's prompts and text of a model, as absolute paths. */
export function chosenPrompts(
  entry: ModelEntry,
  base: string,
): { prompts: string | undefined; text: string | undefined } {
  const place = (path: string | undefined) => (path === undefined ? undefined : resolve(base, path))
  return { prompts: place(entry.prompts), text: place(entry.text) }
}

/** The plan's folder of images of a model, as an absolute path. */
export function chosenImages(entry: ModelEntry, base: string): string | undefined {
  return entry.images === undefined ? undefined : resolve(base, entry.images)
}

/** The folder of images that 8 bits are calibrated on: the plan's, or those that the model is run on. */
export function calibrationImages(entry: ModelEntry, base: string): string | undefined {
  return entry.calibration === undefined ? chosenImages(entry, base) : resolve(base, entry.calibration)
}
