/** The recipe of the vision models against what it made: the held-out sets drawn again, and the models measured again by torch and pycocotools. */
import { execFileSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { findPython } from '../python.ts'

const RECIPE = resolve(import.meta.dirname, '..', '..', 'zoo', 'recipes', 'vision')
const CLASSIFIERS = ['resnet', 'vit']
const NAMES = [...CLASSIFIERS, 'yolo']
const HELD_OUT = 300 + 80

const Claims = z.object({
  configs: z.record(
    z.string(),
    z.object({ config: z.record(z.string(), z.unknown()), recipe: z.record(z.string(), z.unknown()) }),
  ),
  drawing: z.object({
    drawn: z.number(),
    differing: z.array(z.string()),
    annotationsAsDrawn: z.boolean(),
    distinct: z.number(),
    trained: z.number(),
    heldOutAndTrained: z.number(),
  }),
  suppression: z.object({ overlapDiffers: z.number(), kept: z.number(), same: z.boolean() }),
  accuracy: z.record(z.string(), z.number()),
  map50: z.number(),
  goldens: z.record(
    z.string(),
    z.object({ notInBoth: z.array(z.string()), misshapen: z.array(z.string()), maxAbs: z.number() }),
  ),
})

const python = findPython(['torch', 'transformers', 'safetensors', 'PIL', 'pycocotools'])
const missing = 'missing' in python ? ` (${python.missing})` : ''

describe.skipIf('missing' in python)(`the recipe of the vision models${missing}`, () => {
  let claims: z.infer<typeof Claims>

  beforeAll(() => {
    if ('missing' in python) return
    const script = join(import.meta.dirname, 'vision_claims.py')
    const env = { ...process.env, PYTHONPATH: RECIPE, PYTHONDONTWRITEBYTECODE: '1' }
    const printed = execFileSync(python.command, [script], { encoding: 'utf8', stdio: 'pipe', env, maxBuffer: 1 << 26 })
    // pycocotools prints as it goes; the claims are the last line.
    claims = Claims.parse(JSON.parse(printed.trim().split('\n').at(-1) ?? ''))
  }, 300_000)

  test('makes exactly the models that ship', () => {
    expect(Object.keys(claims.configs)).toEqual(NAMES)
    for (const { config, recipe } of Object.values(claims.configs)) expect(config).toEqual(recipe)
  })

  test('draws every held-out picture again, pixel by pixel, and writes the same annotations', () => {
    expect(claims.drawing).toMatchObject({ drawn: HELD_OUT, differing: [], annotationsAsDrawn: true })
  })

  test('trains on none of the held-out pictures', () => {
    expect(claims.drawing.distinct).toBe(HELD_OUT)
    expect(claims.drawing.trained).toBeGreaterThan(2000)
    expect(claims.drawing.heldOutAndTrained).toBe(0)
  })

  test('measures overlap as pycocotools does, and suppresses what greedy suppression does', () => {
    const { overlapDiffers, kept, same } = claims.suppression
    expect(overlapDiffers).toBeLessThan(1e-5)
    expect(kept).toBeLessThan(350)
    expect(same).toBe(true)
  })

  test.each(CLASSIFIERS)('made %s right in more than 95 of 100 held-out pictures', name => {
    expect(claims.accuracy[name]).toBeGreaterThan(0.95)
  })

  test('made yolo reach a mean average precision of more than 0.8 at IoU 0.5', () => {
    expect(claims.map50).toBeGreaterThan(0.8)
  })

  // Another processor sums in another order; a box at a threshold would show as a misshapen tensor.
  test.each(NAMES)('made the golden of %s of what torch computes', name => {
    expect(claims.goldens[name]).toMatchObject({ notInBoth: [], misshapen: [] })
    expect(claims.goldens[name]?.maxAbs).toBeLessThan(1e-3)
  })
})
