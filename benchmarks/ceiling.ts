/** The machine's limits as onnxruntime itself reaches them: a bare matrix product and a bare matrix-vector product. */

import { writeOnnx } from '../src/onnx/write.ts'
import type { Session } from '../src/runner/session.ts'
import { tensorOf } from '../src/tensor.ts'

const WIDTH = 2048
const MATRICES = 16 // 256 MB, far larger than the caches

/** A chain of square matrix products with weights stored as the published checkpoints store them. */
export function writeCeiling(path: string): void {
  const names = Array.from({ length: MATRICES }, (_, layer) => `w${layer}`)
  writeOnnx(
    {
      name: 'ceiling',
      irVersion: 10,
      opsets: { '': 21, 'com.microsoft': 1 },
      producer: { name: 'assay-benchmarks', version: '1' },
      nodes: names.map((name, layer) => ({
        name: `product${layer}`,
        operator: 'FusedMatMul',
        domain: 'com.microsoft',
        inputs: [layer === 0 ? 'x' : `y${layer - 1}`, name],
        outputs: [layer === MATRICES - 1 ? 'y' : `y${layer}`],
        attributes: { transB: { int: 1 } },
      })),
      inputs: [{ name: 'x', type: 'f32', shape: ['rows', WIDTH] }],
      outputs: [{ name: 'y', type: 'f32', shape: ['rows', WIDTH] }],
      initializers: names.map((name, layer) => ({
        name,
        type: 'f32' as const,
        shape: [WIDTH, WIDTH],
        chunks: () => {
          const values = Float32Array.from(
            { length: WIDTH * WIDTH },
            (_, i) => Math.sin(i * 0.37 + layer) / Math.sqrt(WIDTH / 2),
          )
          return [new Uint8Array(values.buffer)]
        },
      })),
      metadata: {},
    },
    path,
  )
}

const noise = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.cos(i * 1.7))

async function passMs(session: Session, rows: number, repetitions: number): Promise<number> {
  const x = tensorOf([rows, WIDTH], noise(rows * WIDTH))
  const options = { workload: 'forward', newTokens: 0, warmup: 1, repetitions, budgetMs: 60_000 } as const
  const { result } = await session.measure({ x }, options)
  return Math.min(...result.forwardMs)
}

/** GFLOP/s of a product of 512 rows. */
export async function matrixRate(session: Session): Promise<number> {
  return (2 * 512 * WIDTH * WIDTH * MATRICES) / (await passMs(session, 512, 3)) / 1e6
}

/** GB/s at which a product of one row reads its weights. */
export async function vectorRate(session: Session): Promise<number> {
  return (4 * WIDTH * WIDTH * MATRICES) / (await passMs(session, 1, 10)) / 1e6
}
