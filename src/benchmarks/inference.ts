/** One pass of a model over a batch of images; docs/metrics.md. */
import { amount, type BenchmarkKind, ofFigure, rate, time, told } from './kind.ts'

export const inference = {
  category: 'vision',
  throughput: 'imagesPerSecond',
  unit: 'images/s',
  unitInFull: 'images per second',
  latency: { metric: 'latencyMs', caption: 'Latency of a pass', label: 'latency' },
  phases: ['forward'],
  audit: { noun: 'image', asks: 'Whether the timed outputs are those of the reference for the same images' },
  metrics: {
    // The time of a pass is the rate of images turned over, so only one of the two is told.
    latencyMs: time('a pass'),
    imagesPerSecond: told(rate('throughput', 'throughput')),
  },
  figures: {
    pipelineImagesPerSecond: rate('throughput from files', 'from files'),
    deviceWaitShare: amount('the share of the time that the device waits for images', 'device waits'),
  },
  targets: {
    latencyMs: { comparison: 'at-most', at: 'batch-1', usual: null },
    imagesPerSecond: { comparison: 'at-least', at: 'best', usual: null },
    peakMemoryShare: { comparison: 'at-most', at: 'every', usual: 0.8 },
  },
  columns: [
    { name: '', detail: 'in all', unit: 'images/s', of: ({ metrics }) => metrics['imagesPerSecond']?.median },
    { name: 'latency', detail: 'p50', unit: 'ms', of: ({ metrics }) => metrics['latencyMs']?.p50 },
    { name: 'latency', detail: 'p90', unit: 'ms', of: ({ metrics }) => metrics['latencyMs']?.p90 },
    { name: 'latency', detail: 'p99', unit: 'ms', of: ({ metrics }) => metrics['latencyMs']?.p99 },
    { name: 'MFU', detail: '', unit: '', isShare: true, of: ({ roofline }) => roofline['forward']?.mfu },
    { name: '', detail: 'from files', unit: 'images/s', ...ofFigure('pipelineImagesPerSecond') },
    { name: 'device', detail: 'waits', unit: '', isShare: true, isWide: true, ...ofFigure('deviceWaitShare') },
  ],
  shapeName: ({ height, width }) => `${height} × ${width} px`,
} as const satisfies BenchmarkKind
