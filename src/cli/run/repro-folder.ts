/** The folder of a failed check: README.md, plan.yaml, both sides as goldens, the model where it is small. */
import { copyFileSync, cpSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Model } from '../../build/model.ts'
import type { CheckResult, ResultDocument, UnitResult } from '../../events/result.ts'
import { writeGolden } from '../../goldens/golden.ts'
import { externalFiles } from '../../onnx/external-files.ts'
import { formatPlan } from '../../plan/narrow.ts'
import type { Plan } from '../../plan/schema.ts'
import { type ReproFile, reproReadme } from '../../reporters/markdown/repro.ts'
import { chosenImages, chosenPrompts } from '../../runner/paths.ts'
import type { Reproduction } from '../../runner/reproduction.ts'
import { workloadOf } from '../../workloads/vision/index.ts'
import { writeText } from '../report-file.ts'

export interface Repro {
  readonly result: ResultDocument
  readonly unit: UnitResult
  /** As the run judged it. */
  readonly failed: CheckResult
  readonly again: Reproduction
  /** Of the run, narrowed to the check; its paths start from `base`. */
  readonly plan: Plan
  readonly base: string
}

export interface WrittenRepro {
  readonly run: string
  readonly folder: string
  readonly model: string
  readonly device: string
  readonly precision: string
  readonly check: string
  /** This time. */
  readonly status: CheckResult['status']
  /** To be given in the folder. */
  readonly command: string
  readonly files: readonly string[]
}

const COMMAND = 'assay run plan.yaml --no-report'
/** What a mail or a ticket still takes; a larger model is named, with its fingerprint. */
const SMALL_BYTES = 64 * 2 ** 20

/** Writes the folder. Throws AssayError `file-unwritable`. */
export function writeRepro(folder: string, repro: Repro): WrittenRepro {
  const { result, unit, failed, again, plan, base } = repro
  mkdirSync(folder, { recursive: true })
  const files: ReproFile[] = []
  const model = placeModel(again.model, base, folder)
  if (model.isCopied) files.push({ name: model.reference, about: 'the model' })
  if (again.reference !== null) {
    writeGolden(join(folder, 'reference.safetensors'), again.reference)
    files.push({ name: 'reference.safetensors', about: 'the inputs, and what is right' })
  }
  if (again.device !== null) {
    writeGolden(join(folder, 'device.safetensors'), again.device)
    files.push({ name: 'device.safetensors', about: 'the same inputs, and what the device gave' })
  }
  const { prompts } = chosenPrompts(plan.models[0] ?? { model: unit.model }, base)
  if (prompts !== undefined) {
    copyFileSync(prompts, join(folder, 'prompts.json'))
    files.push({ name: 'prompts.json', about: 'the prompts, with their answers' })
  }
  const images = placeImages(again.model, plan, base, folder)
  if (images === 'images') files.push({ name: 'images', about: 'the images, with what is true of them' })
  files.push({ name: 'plan.yaml', about: 'what the command runs' })
  const entry = {
    model: model.reference,
    ...(again.reference !== null && { golden: 'reference.safetensors' }),
    ...(prompts !== undefined && { prompts: 'prompts.json' }),
    ...(images !== null && { images }),
  }
  writeText(join(folder, 'plan.yaml'), formatPlan(planFor(plan, entry, base, result.run)))
  const readme = reproReadme({
    result,
    unit,
    failed,
    again: again.check,
    files,
    command: COMMAND,
    model: { ...model, fingerprint: again.model.fingerprint },
  })
  writeText(join(folder, 'README.md'), readme)
  return {
    run: result.run,
    folder,
    ...{ model: unit.model, device: unit.device, precision: unit.precision },
    check: failed.name,
    status: again.check.status,
    command: COMMAND,
    files: ['README.md', ...files.map(({ name }) => name)],
  }
}

/** The run's plan for this check alone: no benchmarks, and the programs of its engines by their whole path. */
function planFor({ benchmarks: _, ...plan }: Plan, entry: object, base: string, run: string): object {
  const engines = Object.entries(plan.engines).map(
    ([
      name,
      {
        command: [program = '', ...rest],
        ...how
      },
    ]) => [name, { ...how, command: [program.includes('/') ? resolve(base, program) : program, ...rest] }],
  )
  return { ...plan, name: `repro of run ${run}`, models: [entry], engines: Object.fromEntries(engines) }
}

/** The model in the folder, where it is small; else as anybody here names it. */
function placeModel(model: Model, base: string, folder: string): { reference: string; isCopied: boolean } {
  const isNamed = /^(zoo|arch)\/|^hf:/.test(model.reference)
  const place = model.kind === 'onnx' ? dirname(model.path) : model.directory
  const names = place === null ? [] : filesOf(model, place)
  const sizeBytes = names.reduce((sum, name) => sum + statSync(join(place ?? '', name)).size, 0)
  if (place === null || sizeBytes > SMALL_BYTES)
    return { reference: isNamed ? model.reference : resolve(base, model.reference), isCopied: false }
  for (const name of names) {
    mkdirSync(dirname(join(folder, 'model', name)), { recursive: true })
    copyFileSync(join(place, name), join(folder, 'model', name))
  }
  return { reference: model.kind === 'onnx' ? `model/${basename(model.path)}` : './model', isCopied: true }
}

/** The images of a vision model in the folder, where they are few; else where they are. Null where there are none. */
function placeImages(model: Model, plan: Plan, base: string, folder: string): string | null {
  if (model.kind !== 'vision') return null
  const chosen = chosenImages(plan.models[0] ?? { model: model.reference }, base)
  const { directory } = workloadOf(model, chosen).dataset
  if (directory === null) return null
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true })
  const sizes = entries
    .filter(entry => !entry.isDirectory())
    .map(({ parentPath, name }) => statSync(join(parentPath, name)).size)
  if (sizes.reduce((sum, size) => sum + size, 0) > SMALL_BYTES) return directory
  cpSync(directory, join(folder, 'images'), { recursive: true, dereference: true })
  return 'images'
}

/** The files of a model: of a directory those on top, since its goldens are others' outputs. */
function filesOf(model: Model, place: string): string[] {
  if (model.kind === 'onnx') return [basename(model.path), ...externalFiles(model.path)]
  return readdirSync(place).filter(name => statSync(join(place, name)).isFile())
}
