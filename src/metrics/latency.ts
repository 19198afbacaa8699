/** One request's clock readings, in ms of one monotonic clock. */
export interface RequestClocks {
  /** When it was to start by the schedule, not when a client got round to sending it. */
  dueMs: number
  /** When each output token arrived, in order. */
  tokenMs: readonly number[]
}

export interface RequestLatency {
  /** Due to first token. */
  ttftMs: number
  /** Every gap between two successive tokens; empty for one token. */
  itlMs: number[]
  /** (E2E - TTFT) / (tokens - 1); null for one token, never 0. */
  tpotMs: number | null
  /** Due to last token. */
  e2eMs: number
  tokens: number
}

/**
 * A request's latencies; null if it gave no token, since it then has none.
 *
 * Times in ms. Throws RangeError if a token is earlier than the one before it, or than the time due: a clock is wrong.
 * Definitions: docs/metrics.md, "Timing". Queueing in the client counts (vllm-project/vllm#54101).
 */
export function requestLatency({ dueMs, tokenMs }: RequestClocks): RequestLatency | null {
  const firstMs = tokenMs[0]
  const lastMs = tokenMs.at(-1)
  if (firstMs === undefined || lastMs === undefined) return null
  let before = dueMs
  for (const [i, at] of tokenMs.entries()) {
    if (!(at >= before)) throw new RangeError(`token ${i} at ${at} ms is earlier than ${before} ms`)
    before = at
  }
  return {
    ttftMs: firstMs - dueMs,
    itlMs: tokenMs.slice(1).map((at, i) => at - (tokenMs[i] ?? Number.NaN)),
    tpotMs: tokenMs.length < 2 ? null : (lastMs - firstMs) / (tokenMs.length - 1),
    e2eMs: lastMs - dueMs,
    tokens: tokenMs.length,
  }
}

/** Samples of many requests, each ready for `summarize`. */
export interface PooledLatency {
  ttftMs: number[]
  /** All gaps of all requests. */
  itlMs: number[]
  /** Of the requests with two tokens or more. */
  tpotMs: number[]
  e2eMs: number[]
}

/** Pools requests' latencies: a long request weighs more in itlMs, all weigh the same elsewhere. */
export function poolLatency(requests: readonly RequestLatency[]): PooledLatency {
  return {
    ttftMs: requests.map(request => request.ttftMs),
    itlMs: requests.flatMap(request => request.itlMs),
    tpotMs: requests.flatMap(request => request.tpotMs ?? []),
    e2eMs: requests.map(request => request.e2eMs),
  }
}

/** Tokens/s as one user sees them: 1 / TPOT, from ms. Null where TPOT is undefined. */
export function tokensPerSecondPerUser(tpotMs: number | null): number | null {
  return tpotMs === null ? null : 1000 / tpotMs
}

/** Prompt tokens of the whole batch / time of the prefill pass. Throws RangeError unless the time is positive. */
export function prefillTokensPerSecond(promptTokens: number, prefillMs: number): number {
  return perSecond(promptTokens, prefillMs)
}

/**
 * batch x (output tokens - 1) / time from first to last token, for a batch whose rows advance together.
 *
 * `outputTokens` of each row, times in ms. Null for one token: no decode step was timed. Throws RangeError if the last
 * token is not later than the first.
 */
export function decodeTokensPerSecond(batch: number, outputTokens: number, firstToLastMs: number): number | null {
  return outputTokens < 2 ? null : perSecond(batch * (outputTokens - 1), firstToLastMs)
}

/** All output tokens (or images, or requests) / wall time of the measured window. RangeError unless it is positive. */
export function throughputPerSecond(count: number, windowMs: number): number {
  return perSecond(count, windowMs)
}

/** Upper limits in ms; a metric without one is not judged. */
export interface LatencyTargets {
  ttftMs?: number
  tpotMs?: number
  e2eMs?: number
}

/**
 * Requests per second that meet every target. A request with one token has no TPOT to miss.
 *
 * `windowMs`: wall time of the measured window; requests that failed are not in `requests` and so never count.
 */
export function goodputPerSecond(
  requests: readonly RequestLatency[],
  targets: LatencyTargets,
  windowMs: number,
): number {
  const { ttftMs = Infinity, tpotMs = Infinity, e2eMs = Infinity } = targets
  const good = requests.filter(
    request => request.ttftMs <= ttftMs && (request.tpotMs ?? 0) <= tpotMs && request.e2eMs <= e2eMs,
  )
  return perSecond(good.length, windowMs)
}

function perSecond(count: number, ms: number): number {
  if (!(ms > 0)) throw new RangeError(`${count} in ${ms} ms is no rate`)
  return (1000 * count) / ms
}
