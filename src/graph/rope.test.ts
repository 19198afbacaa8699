import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findPython, runPython } from '../../tests/python.ts'
import { inverseFrequencies, type Rope } from './rope.ts'

const LLAMA_3: Rope = {
  theta: 500_000,
  scaling: { kind: 'llama3', factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 8192 },
}

test('without scaling the angle of pair i is theta^(-2i / headDim)', () => {
  expect([...inverseFrequencies(8, { theta: 10_000 })]).toEqual([1, 0.1, 0.01, 0.001].map(x => expect.closeTo(x, 15)))
})

test('linear scaling divides every angle by the factor', () => {
  const plain = inverseFrequencies(64, { theta: 10_000 })
  const scaled = inverseFrequencies(64, { theta: 10_000, scaling: { kind: 'linear', factor: 4 } })
  expect([...scaled].map(angle => angle * 4)).toEqual([...plain])
})

test('llama3 scaling keeps short wavelengths, divides long ones, and lies between for the rest', () => {
  const plain = inverseFrequencies(128, { theta: 500_000 })
  const scaled = inverseFrequencies(128, LLAMA_3)
  const kinds = Array.from(scaled, (angle, pair) => {
    const original = plain[pair] ?? 0
    const wavelength = (2 * Math.PI) / original
    if (wavelength < 8192 / 4) expect(angle).toBe(original)
    else if (wavelength > 8192) expect(angle).toBe(original / 8)
    else {
      expect(angle).toBeGreaterThan(original / 8)
      expect(angle).toBeLessThan(original)
    }
    return wavelength < 8192 / 4 ? 'kept' : wavelength > 8192 ? 'divided' : 'blended'
  })
  expect(new Set(kinds)).toEqual(new Set(['kept', 'blended', 'divided']))
})

test('llama3 scaling blends by the number of turns over the original context', () => {
  // theta 1 turns every pair alike: over 4 pi positions 2 turns, a third of the way from 1 to 4.
  const scaling = { kind: 'llama3', factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4 } as const
  const [angle] = inverseFrequencies(2, { theta: 1, scaling: { ...scaling, originalPositions: 4 * Math.PI } })
  expect(angle).toBeCloseTo((2 / 3) * (1 / 8) + 1 / 3, 12)
})

test('llama3 scaling never lets a slower pair overtake a faster one', () => {
  const settings = fc.record({
    theta: fc.double({ min: 10, max: 1e7, noNaN: true }),
    factor: fc.double({ min: 1, max: 64, noNaN: true }),
    low: fc.double({ min: 0.5, max: 2, noNaN: true }),
    span: fc.double({ min: 0.1, max: 8, noNaN: true }),
    originalPositions: fc.integer({ min: 16, max: 1 << 20 }),
  })
  fc.assert(
    fc.property(settings, ({ theta, factor, low, span, originalPositions }) => {
      const scaling = {
        kind: 'llama3',
        factor,
        lowFrequencyFactor: low,
        highFrequencyFactor: low + span,
        originalPositions,
      } as const
      const angles = [...inverseFrequencies(64, { theta, scaling })]
      expect(angles).toEqual(angles.toSorted((a, b) => b - a))
    }),
  )
})

test('the angles are those of transformers', { timeout: 180_000 }, ({ skip }) => {
  const python = findPython(['torch', 'transformers'])
  if ('missing' in python) return skip(python.missing)
  const script = `
import json
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding
llama3 = {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}
settings = [{"rope_type": "default", "rope_theta": 10000.0}, {"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0}, llama3]
def angles(rope):
    config = LlamaConfig(hidden_size=128, num_attention_heads=1, num_hidden_layers=1, vocab_size=8, intermediate_size=8, rope_parameters=rope)
    return LlamaRotaryEmbedding(config).inv_freq.double().tolist()
print(json.dumps([angles(rope) for rope in settings]))`
  const expected: number[][] = JSON.parse(runPython(python, script))
  const ropes: Rope[] = [{ theta: 10_000 }, { theta: 10_000, scaling: { kind: 'linear', factor: 4 } }, LLAMA_3]
  for (const [index, rope] of ropes.entries()) {
    const angles = [...inverseFrequencies(128, rope)]
    expect(angles).toHaveLength(64)
    // They compute in fp32: 24 significant bits, through a power.
    for (const [pair, angle] of angles.entries()) expect(angle / (expected[index]?.[pair] ?? 0)).toBeCloseTo(1, 5)
  }
})
