/** A run of vision models as its result: several models, devices and batches, images that flipped, and boxes of both sides. */
import { crc32, deflateSync } from 'node:zlib'
import type {
  BenchmarkPoint,
  CaseResult,
  CheckResult,
  Picture,
  PictureBox,
  ResultDocument,
  UnitResult,
} from '../../src/events/result.ts'
import { saturationOf } from '../../src/events/saturation.ts'
import { roofline, summarize } from '../../src/metrics/index.ts'
import { document } from './fixture.ts'

/** A PNG of 8-bit RGB (ISO/IEC 15948): a signature, and chunks of length, type, data and checksum. */
function png(
  width: number,
  height: number,
  color: (x: number, y: number) => readonly [number, number, number],
): string {
  const rows = Buffer.alloc(height * (1 + 3 * width)) // each row begins with its filter, 0
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) rows.set(color(x, y), y * (1 + 3 * width) + 1 + 3 * x)
  const chunk = (type: string, data: Uint8Array) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const [size, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
    size.writeUInt32BE(data.length)
    sum.writeUInt32BE(crc32(body))
    return Buffer.concat([size, body, sum])
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2], 8)
  const parts = [chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]
  return `data:image/png;base64,${Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...parts]).toString('base64')}`
}

const figure = (hue: number): Picture => ({
  url: png(48, 48, (x, y) => ((x - 24) ** 2 + (y - 24) ** 2 < 300 ? [hue, 90, 200] : [235, 225 - hue / 4, 180])),
  ...{ width: 48, height: 48, boxes: [] },
})

const box = (
  side: PictureBox['side'],
  label: string,
  score: number | null,
  at: PictureBox['box'],
  isMatched = true,
) => ({
  ...{ side, label, score, box: at, isMatched },
})

const scene: Picture = {
  url: png(96, 96, (x, y) =>
    x > 10 && x < 40 && y > 12 && y < 44
      ? [40, 60, 90]
      : (x - 68) ** 2 + (y - 66) ** 2 < 320
        ? [210, 80, 40]
        : [200, 205, 190],
  ),
  ...{ width: 96, height: 96 },
  boxes: [
    box('truth', 'square', null, [11, 13, 40, 44]),
    box('truth', 'circle', null, [50, 48, 86, 84]),
    box('reference', 'square', 0.981, [11.2, 12.9, 39.8, 44.1]),
    box('reference', 'circle', 0.912, [50.3, 48.2, 85.9, 83.7], false),
    box('device', 'square', 0.98, [11.3, 12.8, 39.7, 44.2]),
    box('device', 'triangle', 0.604, [58, 20, 90, 46], false),
  ],
}

function check(name: string, cases: readonly CaseResult[], status: CheckResult['status']): CheckResult {
  return {
    ...{
      name,
      status,
      reason: status === 'pass' ? null : `${cases.length} of 400 images are off`,
      reference: 'torch 2.13.0 cpu',
    },
    ...{ metrics: { top1: 0.9925 }, thresholds: {}, samples: 400, smallestDrop: 0.01, worst: null, histogram: null },
    cases: [...cases],
  }
}

export const FLIPS = check(
  'accuracy-parity',
  [40, 200].map((hue, at) => ({
    ...{ id: `images.circle.000${at}.png`, status: 'fail' as const, reason: 'circle became ring' },
    metrics: { margin: 1.83 - at, noise: 0.21 },
    details: { reference: 'circle', device: 'ring' },
    picture: figure(hue),
  })),
  'fail',
)

export const BOXES = check(
  'detection-parity',
  [
    {
      ...{ id: 'scenes.0007.png', status: 'fail', reason: '1 box of each side has no partner', picture: scene },
      ...{ metrics: { maxBoxPx: 0.2, unmatched: 2 }, details: {} },
    },
  ],
  'fail',
)

const IMAGE = { height: 224, width: 224 }
export const CEILINGS = { flopsPerSecond: 1e12, bytesPerSecond: 2e11, reason: null }

/** A batch whose passes take `overheadMs` and `perImageMs` for each image, in the steps of a lognormal-looking tail. */
function point(batch: number, overheadMs: number, perImageMs: number, flopsPerImage: number): BenchmarkPoint {
  const median = overheadMs + batch * perImageMs
  const passes = Array.from({ length: 100 }, (_, at) => median * (0.97 + (0.06 * ((at * 37) % 100)) / 100))
  const work = { flops: batch * flopsPerImage, bytes: 1e8 + batch * 4e7 }
  return {
    ...{ batch, shape: IMAGE, status: 'pass', reason: null, targets: [], tokenLatencyMs: [] },
    metrics: { latencyMs: summarize(passes), imagesPerSecond: summarize(passes.map(ms => (1000 * batch) / ms)) },
    figures: {
      ...{ peakMemoryBytes: 4e8 + batch * 3e7, peakMemoryShare: (4e8 + batch * 3e7) / 16e9 },
      ...{ pipelineImagesPerSecond: (900 * batch) / (median + 2), deviceWaitShare: 2 / (median + 2) },
    },
    audit: { status: 'pass', reason: null, outputs: Math.min(8, batch), disagreements: 0 },
    roofline: { forward: roofline(work, median, CEILINGS) },
  }
}

const NO_ROOM = 'out-of-memory: no room for a batch of 128'

function unit(
  model: string,
  device: string,
  precision: UnitResult['precision'],
  points: readonly BenchmarkPoint[],
): UnitResult {
  const [template] = document().units
  const [saturation] = [saturationOf('inference', IMAGE, points)].filter(found => found !== null)
  if (template === undefined || saturation === undefined) throw new Error('the fixture is empty')
  return {
    ...template,
    ...{
      id: `${model}|${device}|${precision}`,
      model,
      category: 'vision',
      device,
      precision,
      status: 'pass',
      reason: null,
    },
    ...{ checks: [], ceilings: CEILINGS, remarks: [] },
    benchmarks: [
      {
        ...{ name: 'inference', status: 'pass', reason: null, points: [...points] },
        ...{ saturationBatch: saturation.batch, saturation: [saturation] },
      },
    ],
  }
}

const BATCHES = [1, 8, 32, 64]
const points = (overheadMs: number, perImageMs: number, flopsPerImage: number) =>
  BATCHES.map(batch => point(batch, overheadMs, perImageMs, flopsPerImage))

/** Four units of two models, of which one flips images and one misses boxes. */
export function imagesDocument(): ResultDocument {
  const [first] = points(6, 9, 8.2e9)
  if (first === undefined) throw new Error('there is no point')
  const untimed: BenchmarkPoint = {
    ...{ ...first, batch: 128, status: 'error', reason: NO_ROOM, metrics: {}, roofline: {} },
    ...{ figures: {}, audit: { status: 'skip', reason: 'nothing was timed', outputs: 0, disagreements: 0 } },
  }
  const units = [
    unit('arch/resnet50', 'ort:cpu', 'fp32', points(2, 17, 8.2e9)),
    { ...unit('arch/resnet50', 'ort:cpu', 'int8', points(2, 7, 8.2e9)), checks: [FLIPS] },
    { ...unit('zoo/yolo', 'ort:cpu', 'fp32', points(4, 4, 1.1e9)), checks: [BOXES] },
    unit('arch/vit-b-16', 'ort:cpu', 'fp32', [...points(6, 39, 35e9), untimed]),
  ]
  return { ...document(), plan: 'bench arch/resnet50 arch/vit-b-16', units }
}
