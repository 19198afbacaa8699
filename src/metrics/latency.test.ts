import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  decodeTokensPerSecond,
  goodputPerSecond,
  poolLatency,
  prefillTokensPerSecond,
  type RequestLatency,
  requestLatency,
  throughputPerSecond,
  tokensPerSecondPerUser,
} from './latency.ts'

function latencyOf(dueMs: number, tokenMs: number[]): RequestLatency {
  const latency = requestLatency({ dueMs, tokenMs })
  if (latency === null) throw new Error('no tokens')
  return latency
}

test('TTFT is from due to the first token, not E2E over tokens', () => {
  const latency = latencyOf(1000, [1500, 1510, 1530, 1540])
  expect(latency).toEqual({ ttftMs: 500, itlMs: [10, 20, 10], tpotMs: 40 / 3, e2eMs: 540, tokens: 4 })
  expect(latency.ttftMs).not.toBe(latency.e2eMs / latency.tokens)
})

test('one token has no TPOT, and none has no latency', () => {
  expect(latencyOf(0, [7])).toEqual({ ttftMs: 7, itlMs: [], tpotMs: null, e2eMs: 7, tokens: 1 })
  expect(requestLatency({ dueMs: 0, tokenMs: [] })).toBeNull()
})

test('a clock that runs backwards is refused', () => {
  expect(() => requestLatency({ dueMs: 10, tokenMs: [9] })).toThrow(RangeError)
  expect(() => requestLatency({ dueMs: 0, tokenMs: [5, 4] })).toThrow(RangeError)
  expect(() => requestLatency({ dueMs: 0, tokenMs: [Number.NaN] })).toThrow(RangeError)
})

test('E2E is TTFT plus all gaps, and TPOT their mean', () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 2 })
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000 }), gaps, (dueMs, gaps) => {
      let now = dueMs
      const latency = latencyOf(
        dueMs,
        gaps.map(gap => {
          now += gap
          return now
        }),
      )
      const sum = latency.itlMs.reduce((a, b) => a + b, 0)
      expect(latency.itlMs).toEqual(gaps.slice(1))
      expect(latency.ttftMs + sum).toBe(latency.e2eMs)
      expect(latency.tpotMs).toBeCloseTo(sum / latency.itlMs.length, 9)
    }),
  )
})

test('gaps are pooled over all requests, and a request with one token adds no TPOT', () => {
  const pooled = poolLatency([latencyOf(0, [10, 20, 40]), latencyOf(5, [10])])
  expect(pooled).toEqual({ ttftMs: [10, 5], itlMs: [10, 20], tpotMs: [15], e2eMs: [40, 5] })
})

test('rates follow their definitions', () => {
  expect(decodeTokensPerSecond(4, 11, 500)).toBe(80)
  expect(decodeTokensPerSecond(4, 1, 0)).toBeNull()
  expect(prefillTokensPerSecond(512, 256)).toBe(2000)
  expect(throughputPerSecond(30, 1500)).toBe(20)
  expect(tokensPerSecondPerUser(20)).toBe(50)
  expect(tokensPerSecondPerUser(null)).toBeNull()
  expect(() => throughputPerSecond(3, 0)).toThrow(RangeError)
})

test('goodput counts the requests that meet every target', () => {
  const requests = [latencyOf(0, [50, 60]), latencyOf(0, [50, 150]), latencyOf(0, [200, 210]), latencyOf(0, [60])]
  expect(goodputPerSecond(requests, { ttftMs: 100, tpotMs: 20 }, 2000)).toBe(1)
  expect(goodputPerSecond(requests, {}, 2000)).toBe(2)
  expect(goodputPerSecond(requests, { e2eMs: 60 }, 1000)).toBe(2)
})
