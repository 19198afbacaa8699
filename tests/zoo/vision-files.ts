/** What the vision part of the zoo ships, as its tests find it. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'

export const ZOO = resolve(import.meta.dirname, '..', '..', 'zoo')
/** An ImageFolder. */
export const SHAPES = join(ZOO, 'datasets', 'shapes')
/** A COCO directory. */
export const SCENES = join(ZOO, 'datasets', 'scenes')

const Config = z.object({ id2label: z.record(z.string(), z.string()) })

/** A JSON document. */
export function jsonOf(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'))
}

/** The classes of a model by their number. */
export function classesOf(name: string): string[] {
  return Object.values(Config.parse(jsonOf(join(ZOO, name, 'config.json'))).id2label)
}

/** Paths of the files of a directory and of those in it. */
export function files(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map(path => path.replaceAll('\\', '/'))
    .filter(path => statSync(join(directory, path)).isFile())
    .sort()
}

/** Of all of its files. */
export function sizeBytes(directory: string): number {
  return files(directory).reduce((sum, path) => sum + statSync(join(directory, path)).size, 0)
}
