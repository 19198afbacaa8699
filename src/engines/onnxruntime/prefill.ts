/** A prompt in parts: the passes before the one that gives the first token. */
import type { GraphInterface } from '../../protocol/messages.ts'
import type { KvCache } from './kv-cache.ts'
import type { Prompt } from './prompt.ts'
import type { RoleInputs } from './roles.ts'
import type { Feeds, Fetches } from './runtime.ts'
import type { Session } from './session.ts'

/**
 * Rows of a matrix product in one pass of a long prompt. A matrix product of 256 rows is as fast as one of 512, its scores
 * and activations take half the memory, and fewer of the scores lie in the future (measured in benchmarks/speed.ts).
 */
const PREFILL_ROWS = 256
const LEAST_CHUNK = 32

/**
 * Prompt tokens for each pass of the prefill. A cache that a mask goes with takes a prompt in parts; one in a shared buffer takes it
 * whole, since GroupQueryAttention refuses several tokens of several rows behind a past (onnxruntime 1.30). Without a wish, only a
 * cache of rows is given parts.
 */
export function chunkTokens({ cache }: GraphInterface, { batch, tokens }: Prompt, wanted: number | undefined): number {
  const layout = cache?.layout ?? null
  if (layout === null || layout === 'shared') return tokens
  if (wanted !== undefined) return Math.min(wanted, tokens)
  return layout === 'rows' ? Math.min(tokens, Math.max(LEAST_CHUNK, Math.floor(PREFILL_ROWS / batch))) : tokens
}

/** All of the prompt but its last chunk. */
export async function prefillBeginning(
  session: Session,
  inputs: RoleInputs,
  chunk: number,
  { tokens }: Prompt,
  cache: KvCache | null,
  feeds: Feeds,
  fetches: Fetches,
): Promise<{ tokens: number; deviceMs: number }> {
  const done = { tokens: 0, deviceMs: 0 }
  if (cache === null) return done
  while (tokens - done.tokens > chunk) {
    inputs.fillPrompt(feeds, { keep: 1, from: done.tokens, to: done.tokens + chunk, slots: cache.slots })
    cache.prepare(chunk, feeds, fetches)
    const sentMs = performance.now()
    const results = await session.run(feeds, fetches)
    done.deviceMs += performance.now() - sentMs
    cache.advance(chunk, results)
    done.tokens += chunk
  }
  return done
}
