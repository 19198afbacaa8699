import { describe, expect, test } from 'vitest'
import { sayDifference } from './difference.ts'

const config = { hidden_size: 64, rope_scaling: { type: 'linear', factor: 2 }, tags: ['a', 'b'] }
const checksums = { 'config.json': 'c'.repeat(64), 'model.safetensors': 'a'.repeat(64) }
const other = 'b'.repeat(64)
const golden = { config, checksums }

describe('what differs is named:', () => {
  test.each([
    [
      'weights alone',
      { config, checksums: { ...checksums, 'model.safetensors': other } },
      'the golden is of other weights: model.safetensors differs (config.json is the same)',
    ],
    [
      'a key of the config',
      { config: { ...config, hidden_size: 128 }, checksums: { ...checksums, 'config.json': other } },
      'the golden is of another config: config.json differs in hidden_size (64 there, 128 here) (the weight files are the same)',
    ],
    [
      'a key within, and one that is missing',
      { config: { hidden_size: 64, rope_scaling: { type: 'linear', factor: 4 } }, checksums },
      'the golden is of another config: config.json differs in rope_scaling.factor (2 there, 4 here), tags (["a","b"] there, absent here) (the weight files are the same)',
    ],
    [
      'both',
      { config: { ...config, hidden_size: 128 }, checksums: { ...checksums, 'model.safetensors': other } },
      'the golden is of another config and of other weights: config.json differs in hidden_size (64 there, 128 here); model.safetensors differs',
    ],
    [
      'files that one side lacks',
      { config, checksums: { 'config.json': checksums['config.json'], 'model-1.safetensors': other } },
      "the golden is of other weights: the golden's model has no model-1.safetensors, model.safetensors is missing here (config.json is the same)",
    ],
    [
      'a config with the same values in another order',
      {
        config: { tags: ['a', 'b'], rope_scaling: { factor: 2, type: 'linear' }, hidden_size: 64 },
        checksums: { ...checksums, 'config.json': other },
      },
      'the golden is of a config.json that is written otherwise, though its values are the same, as are the weight files',
    ],
  ])('%s', (_, here, says) => {
    expect(sayDifference(golden, here)).toBe(says)
  })
})
