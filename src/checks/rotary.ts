import { probe } from './probe.ts'

/**
 * Cases `rotary.*`, output `logits` [1, tokens, vocabulary] at positions 0, 1, 2 ...; beside it `logits_shifted`, all positions
 * moved by the same number, which is the same to a model of relative positions, or `logits_stretched`, positions further apart,
 * which is not.
 */
export const rotary = probe({
  name: 'rotary',
  summary: 'all positions shifted by the same number change nothing, and positions further apart do',
  kind: 'rotary',
  same: { plain: 'logits', other: 'logits_shifted', against: 'positions from 0' },
  different: {
    plain: 'logits',
    other: 'logits_stretched',
    unchanged: 'positions further apart give the same logits, bit for bit: position_ids are ignored',
  },
})
