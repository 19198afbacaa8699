import { probe } from './probe.ts'

/**
 * Cases `window.*`: logits before and after the first token was replaced by another. `outside` and `outside_changed` at positions
 * that it cannot reach, `inside` and `inside_changed` at one that sees it; [1, positions, vocabulary].
 */
export const slidingWindow = probe({
  name: 'sliding-window',
  summary: 'a token outside every window changes nothing, and one inside is heard',
  kind: 'window',
  same: { plain: 'outside', other: 'outside_changed', against: 'another token outside the window' },
  different: {
    plain: 'inside',
    other: 'inside_changed',
    unchanged: 'another token inside the window gives the same logits, bit for bit: the window is too narrow',
  },
})
