/** Warm-up of a point, whatever is timed: what it takes is in no result. */
import { hasTrend, TREND_WINDOW } from '../../metrics/index.ts'

/** How often a benchmark's loop runs, and for how long at most. */
export interface Rounds {
  readonly warmup: number
  readonly repetitions: number
  readonly budgetMs: number
}

/** Rounds of warm-up; a device may drift forever. */
const WARM_UP_ROUNDS = 3
const WARM_UP_SHARE = 0.1

/**
 * One pass of the full shape, then passes until the last few no longer trend, within a share of the time of the benchmark.
 * @param measure - gives the time of each repetition, ms
 */
export async function warmUp(measure: (rounds: Rounds) => Promise<readonly number[]>, budgetMs: number): Promise<void> {
  for (let round = 0; round < WARM_UP_ROUNDS; round++) {
    const totals = await measure({
      warmup: round === 0 ? 1 : 0,
      repetitions: TREND_WINDOW,
      budgetMs: budgetMs * WARM_UP_SHARE,
    })
    if (totals.length < TREND_WINDOW || !hasTrend(totals)) return
  }
}
