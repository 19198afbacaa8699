/** Text generation: prompts in, tokens out one after another; docs/metrics.md. */
import { amount, type BenchmarkKind, rate, time, told } from './kind.ts'

export const generation = {
  category: 'llm',
  throughput: 'tokensPerSecond',
  unit: 'tokens/s',
  unitInFull: 'tokens per second',
  latency: { metric: 'ttftMs', caption: 'Time to first token', label: 'TTFT' },
  phases: ['prefill', 'decode'],
  audit: { noun: 'token', asks: 'Whether the timed tokens are those that the reference would have chosen' },
  metrics: {
    ttftMs: told(time('the first token', 'TTFT')),
    itlMs: time('the gap between tokens', 'ITL'),
    tpotMs: time('each further token', 'TPOT'),
    e2eMs: time('a whole generation', 'E2E'),
    prefillMs: time('the prefill pass'),
    selectMs: time('choosing a token'),
    prefillTokensPerSecond: told(rate('prefill')),
    decodeTokensPerSecond: told(rate('decode')),
    tokensPerSecondPerUser: rate('throughput per user', 'throughput per user'),
    tokensPerSecond: told(rate('throughput', 'throughput')),
  },
  figures: { selectShare: amount('the share of a step in choosing tokens', 'choosing tokens') },
  // What interactive services ask for: docs/metrics.md.
  targets: {
    ttftMs: { comparison: 'at-most', at: 'batch-1', usual: 100 },
    tokensPerSecondPerUser: { comparison: 'at-least', at: 'every', usual: 50 },
    tokensPerSecond: { comparison: 'at-least', at: 'best', usual: 1000 },
    peakMemoryShare: { comparison: 'at-most', at: 'every', usual: 0.8 },
  },
  columns: [
    { name: 'TTFT', detail: 'p50', unit: 'ms', of: ({ metrics }) => metrics['ttftMs']?.p50 },
    { name: 'TTFT', detail: 'p95', unit: 'ms', of: ({ metrics }) => metrics['ttftMs']?.p95 },
    { name: 'ITL', detail: 'p50', unit: 'ms', of: ({ metrics }) => metrics['itlMs']?.p50 },
    { name: 'TPOT', detail: '', unit: 'ms', of: ({ metrics }) => metrics['tpotMs']?.median },
    { name: '', detail: 'per user', unit: 'tokens/s', of: ({ metrics }) => metrics['tokensPerSecondPerUser']?.median },
    { name: '', detail: 'in all', unit: 'tokens/s', of: ({ metrics }) => metrics['tokensPerSecond']?.median },
  ],
  shapeName: ({ inputTokens, outputTokens, prefillChunk }) => {
    const chunks = prefillChunk === undefined ? '' : `, prefill in chunks of ${prefillChunk}`
    return `${inputTokens} tokens in, ${outputTokens} out${chunks}`
  },
} as const satisfies BenchmarkKind
