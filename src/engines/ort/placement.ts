/** What really ran, read from the profile of one pass. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { InferenceSession } from 'onnxruntime-node'
import { z } from 'zod'
import type { Placement } from '../../protocol/messages.ts'
import { BYTES_PER_ELEMENT, elementCount, type NamedTensors, type TensorData } from '../../tensor.ts'
import type { Precision } from '../../words.ts'
import { passOutputs, preparePass } from '../onnxruntime/run.ts'
import type { Session, ValueInfo } from '../onnxruntime/session.ts'

const Shapes = z.array(z.record(z.string(), z.array(z.number())))
const NodeEvent = z.object({
  cat: z.literal('Node'),
  name: z.string().endsWith('_kernel_time'),
  args: z.object({
    op_name: z.string(),
    provider: z.string(),
    input_type_shape: Shapes.default([]),
    output_type_shape: Shapes.default([]),
  }),
})
type NodeEvent = z.infer<typeof NodeEvent>

/** Profiling, switched on while a session is created, until `read` ends it; afterwards nothing of it is left. */
export class Profile {
  readonly #folder = mkdtempSync(join(tmpdir(), 'assay-profile-'))

  get options(): InferenceSession.SessionOptions {
    return { enableProfiling: true, profileFilePrefix: join(this.#folder, 'pass') }
  }

  /** Runs the smallest possible pass, and says what ran; null where the model's inputs cannot be made up. */
  async read(session: Session, asked: Precision): Promise<Placement | null> {
    let hasRun = false
    const inputs = madeUpInputs(session)
    try {
      if (inputs !== null) {
        const pass = preparePass(session, { outputs: null, logitsToKeep: 1 }, inputs)
        passOutputs(session, pass, await session.run(pass.feeds, pass.fetches))
        hasRun = true
      }
    } catch {
      // Inputs of ones and zeros are a guess; a model that refuses them has no placement, and says why at its first call.
    }
    session.endProfiling()
    const file = readdirSync(this.#folder)[0]
    return hasRun && file !== undefined ? parseProfile(readFileSync(join(this.#folder, file), 'utf8'), asked) : null
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** The profile that onnxruntime writes (Chrome's trace format) as a placement of a graph that was built for `asked`. */
export function parseProfile(json: string, asked: Precision): Placement {
  const events = z.array(z.unknown()).parse(JSON.parse(json))
  const nodes = events
    .map(event => NodeEvent.safeParse(event))
    .flatMap(({ data }) => (data === undefined ? [] : [data]))
  const rows = new Map<string, Placement['operators'][number]>()
  const work = new Map<string, number>()
  for (const node of nodes) {
    const { op_name: operator, provider } = node.args
    const type = computeType(node, asked)
    const key = `${operator} ${type} ${provider}`
    rows.set(key, { operator, type, provider, nodes: (rows.get(key)?.nodes ?? 0) + 1 })
    if (MATRIX_PRODUCT.test(operator)) work.set(type, (work.get(type) ?? 0) + multiplications(node))
  }
  const byWork = [...work].sort(([, a], [, b]) => b - a)
  return { operators: [...rows.values()], computedIn: byWork.map(([type]) => type) }
}

/** Operators, standard and of onnxruntime, whose work is products of matrices. */
const MATRIX_PRODUCT = /MatMul|Gemm|Conv|Attention|^(LSTM|GRU|RNN|Einsum|DynamicQuantizeLSTM|Q?MoE|QGemm)$/
/** Of those, the ones that multiply 8-bit integers whatever the type of their first input. */
const INTEGER_PRODUCT = /^(MatMulInteger.*|DynamicQuantize.*|QLinear(MatMul|Conv)|ConvInteger|QGemm|QAttention)$/
const NAMES: Readonly<Record<string, string>> = { float: 'fp32', float16: 'fp16', bfloat16: 'bf16', double: 'fp64' }

/**
 * The multiplications of a product, near enough to compare types by: not its time, which for one token is the operator's overhead.
 * Each element of the output sums over the last dimension of the first input; a convolution over what its weights
 * [out, in / groups, ...] hold for one output channel.
 */
function multiplications({ args }: NodeEvent): number {
  const shapes = (values: NodeEvent['args']['input_type_shape']) => values.map(value => Object.values(value)[0] ?? [])
  const [output = []] = shapes(args.output_type_shape)
  const [first = [], second = []] = shapes(args.input_type_shape)
  const depth = args.op_name.includes('Conv') ? elementCount(second.slice(1)) : (first.at(-1) ?? 1)
  return elementCount(output) * depth
}

/** The type in which a node computed: of weights where they are packed integers, else of its first floating-point input. */
function computeType({ args }: NodeEvent, asked: Precision): string {
  if (INTEGER_PRODUCT.test(args.op_name)) return 'int8'
  const types = args.input_type_shape.flatMap(input => Object.keys(input))
  if (args.op_name === 'MatMulNBits') return packedType(args.input_type_shape, asked)
  // A Cast is named by what it makes: it is how a type that nobody asked for shows.
  const candidates = args.op_name === 'Cast' ? args.output_type_shape.flatMap(output => Object.keys(output)) : types
  const type = candidates.find(name => name in NAMES) ?? candidates[0] ?? 'none'
  return NAMES[type] ?? type
}

/**
 * MatMulNBits: A [.., K], B u8 [N, blocks, blob], scales [N, blocks], zeros u8 [N, bytes]. So blocks x blob bytes hold K values. Weights
 * that were packed at load are no input any more; then the zeros, as many as the scales and of the weights' width, tell. Where
 * there are none, the weights are as wide as the graph has them, which no provider changes.
 */
function packedType(inputs: NodeEvent['args']['input_type_shape'], asked: Precision): string {
  const [, packed] = inputs
  if (packed?.['uint8'] !== undefined) {
    const depth = Object.values(inputs[0] ?? {})[0]?.at(-1) ?? 0
    const [, blocks = 0, blob = 0] = packed['uint8']
    return integerType((8 * blocks * blob) / depth, asked)
  }
  const [zeros, scales] = [inputs[2]?.['uint8'], Object.values(packed ?? {})[0]]
  if (zeros !== undefined && scales !== undefined)
    return integerType((8 * elementCount(zeros)) / elementCount(scales), asked)
  return asked.startsWith('int') ? asked : 'packed integers'
}

/** The last block, or byte, may be padded, so that the quotient is a little high. */
function integerType(bits: number, asked: Precision): string {
  const type = `int${[2, 4, 8].findLast(width => bits >= width) ?? 4}`
  return asked.startsWith(`${type}-`) ? asked : type
}

/**
 * An input of somebody else's graph that is no data: a length, an axis, a shape, a number of trips. A wrong one may cost any time
 * (onnxruntime 1.30 does not come back from a DFT of length 0). Integers of one dimension or none are taken for such.
 */
function steers({ type, shape }: ValueInfo): boolean {
  return /^[iu](32|64)$/.test(type) && shape.length < 2
}

/** Inputs for a pass that only has to run: one token, or zeros with 1 for every dimension that varies; null where zeros may not do. */
function madeUpInputs(session: Session): NamedTensors | null {
  const graph = session.interface
  if (graph === null && session.inputs.some(steers)) return null
  const fed = new Set([...Object.keys(graph?.roles ?? {}), ...(graph?.cache?.tensors.map(({ past }) => past) ?? [])])
  const free = session.inputs.filter(input => !fed.has(input.name)).map(input => [input.name, zeros(input)])
  const tensors: NamedTensors = Object.fromEntries(free)
  if (graph === null) return tensors
  return { ...tensors, input_ids: { type: 'i64', shape: [1, 1], bytes: new Uint8Array(8) } }
}

function zeros({ type, shape }: ValueInfo): TensorData {
  const sizes = shape.map(size => (typeof size === 'number' ? size : 1))
  return { type, shape: sizes, bytes: new Uint8Array(elementCount(sizes) * BYTES_PER_ELEMENT[type]) }
}
