import { openModel } from '../build/model.ts'
import { checkGoldenMatches, type Golden, readGolden } from '../goldens/golden.ts'
import { type TensorData, toFloat32 } from '../tensor.ts'

export interface Verified {
  readonly file: string
  readonly cases: number
  readonly tensors: number
  readonly fingerprint: { readonly value: string; readonly matches: boolean | null; readonly says: string }
  /** Tensors with NaN or infinity, and how many values of each. */
  readonly notFinite: readonly { readonly tensor: string; readonly count: number }[]
}

/**
 * @param model - the model that the golden should be of, or null not to ask
 * @throws AssayError `golden-invalid`, `golden-mismatch`
 */
export function verifyGolden(path: string, file: string, model: string | null, base: string, home: string): Verified {
  const golden = readGolden(path)
  const tensors = tensorsOf(golden)
  return {
    file,
    cases: golden.outputs.size,
    tensors: tensors.length,
    fingerprint: matchFingerprint(golden, model, base, home),
    notFinite: tensors
      .map(({ name, tensor }) => ({ tensor: name, count: countNotFinite(tensor) }))
      .filter(({ count }) => count > 0),
  }
}

function matchFingerprint(golden: Golden, model: string | null, base: string, home: string): Verified['fingerprint'] {
  const { fingerprint: value } = golden
  if (model !== null) checkGoldenMatches(golden, openModel(model, base, home))
  if (value === '') return { value, matches: null, says: 'of weights unknown' }
  return model === null
    ? { value, matches: null, says: `of ${golden.model}, weights ${value.slice(0, 12)}` }
    : { value, matches: true, says: `of the weights of ${model}` }
}

export interface NamedTensor {
  /** `ID/in/NAME` or `ID/out/NAME`. */
  readonly name: string
  readonly tensor: TensorData
}

/** Every tensor of a golden, in its order. */
export function tensorsOf({ outputs }: Golden): NamedTensor[] {
  return [...outputs].flatMap(([id, { inputs, outputs: given }]) => [
    ...Object.entries(inputs).map(([name, tensor]) => ({ name: `${id}/in/${name}`, tensor })),
    ...Object.entries(given).map(([name, tensor]) => ({ name: `${id}/out/${name}`, tensor })),
  ])
}

function countNotFinite(tensor: TensorData): number {
  if (!FLOATS.has(tensor.type)) return 0
  let count = 0
  for (const value of toFloat32(tensor)) if (!Number.isFinite(value)) count++
  return count
}

const FLOATS: ReadonlySet<string> = new Set(['f64', 'f32', 'f16', 'bf16'])
