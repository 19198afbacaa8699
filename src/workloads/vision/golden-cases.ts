/** A workload on what a golden holds, in place of what its dataset would ask. Pure. */
import type { CaseOutputs, Outputs } from '../../checks/index.ts'
import { AssayError } from '../../errors.ts'
import { sayFew } from './image-folder.ts'
import type { CaseKind, VisionCase, VisionWorkload } from './workload.ts'

export interface GoldenWorkload {
  readonly workload: VisionWorkload
  /** The golden's outputs under the ids of the workload's cases. */
  readonly outputs: Outputs
}

/**
 * The same workload on a golden's cases; those of a device with itself stay. What a case holds says what it is, so that a golden of any tool
 * may name it as it likes; images that it knows by their file are looked for in the dataset by their name.
 * Throws AssayError('golden-mismatch') where the dataset lacks one, or px are of another size than the model takes.
 */
export function workloadOfGolden(workload: VisionWorkload, golden: Outputs): GoldenWorkload {
  const images = new Map(workload.dataset.images.map(image => [image.name, image]))
  const outputs = new Map<string, CaseOutputs>()
  const cases: VisionCase[] = []
  const [missing, unknown]: [string[], string[]] = [[], []]
  for (const [stored, found] of golden) {
    const kind = kindOf(workload, found)
    const name = kind !== null && stored.startsWith(`${kind}.`) ? stored.slice(kind.length + 1) : stored
    const pixels = found.inputs['pixel_values']
    if (kind === null) unknown.push(`${stored} (${Object.keys(found.outputs).join(', ')})`)
    else if (kind === 'logits' || kind === 'data') {
      if (pixels === undefined) continue
      checkPixels(workload, stored, pixels.type, pixels.shape)
      cases.push({ id: `${kind}.${name}`, kind, of: pixels })
      outputs.set(`${kind}.${name}`, found)
    } else {
      const of = images.get(name) ?? images.get(stored)
      if (of === undefined) missing.push(name)
      else {
        cases.push({ id: `${kind}.${of.name}`, kind, of })
        outputs.set(`${kind}.${of.name}`, found)
      }
    }
  }
  if (missing.length > 0) throw lacking(workload, missing)
  const isJudged = (id: string) => outputs.has(id)
  const unjudged = workload.cases.filter(({ id, kind }) => (kind === 'images' || kind === 'scenes') && !isJudged(id))
  const remarks = [
    ...(unjudged.length === 0
      ? []
      : [`not judged: ${unjudged.length} images of the dataset that the golden does not have`]),
    ...(unknown.length === 0
      ? []
      : [`not judged: ${unknown.length} cases of the golden that no check of such a model knows: ${sayFew(unknown)}`]),
  ]
  const ofDevice = workload.cases.filter(({ kind }) => kind === 'batch')
  return {
    workload: { ...workload, cases: [...cases, ...ofDevice], remarks: [...workload.remarks, ...remarks] },
    outputs,
  }
}

/** What a stored case is judged as; null where it is none of such a model's. */
function kindOf({ head }: VisionWorkload, { inputs, outputs }: CaseOutputs): Exclude<CaseKind, 'batch'> | null {
  const isSample = inputs['pixel_values'] !== undefined
  const isImage = inputs['file_sha256'] !== undefined
  const has = (...names: readonly string[]) => names.every(name => outputs[name] !== undefined)
  if (head === 'classes' && has('logits')) return isSample ? 'logits' : isImage ? 'images' : null
  if (head === 'anchors' && isSample && has('logits', 'pred_boxes')) return 'data'
  return isImage && has('boxes', 'scores', 'labels') ? 'scenes' : null
}

function checkPixels({ input }: VisionWorkload, id: string, type: string, shape: readonly number[]): void {
  const [, channels, height, width] = shape
  if (type === 'f32' && shape.length === 4 && channels === 3 && height === input.height && width === input.width) return
  throw new AssayError(
    'golden-mismatch',
    `pixel_values of the case ${id} are ${type} [${shape.join(', ')}], and the model takes f32 [batch, 3, ${input.height}, ${input.width}]`,
    { hint: 'capture the golden of the same model' },
  )
}

function lacking({ dataset }: VisionWorkload, missing: readonly string[]): AssayError {
  return new AssayError(
    'golden-mismatch',
    `the golden is of ${missing.length} images that are not here: ${sayFew(missing)} (looked for in ${dataset.origin})`,
    { hint: '--images DIR, or `images` in a plan, names the folder of images that it was made of' },
  )
}
