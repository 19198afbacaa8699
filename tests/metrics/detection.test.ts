/** The metrics of detection and McNemar's test beside pycocotools and SciPy, on random sets. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { bestAssignment } from '../../src/metrics/assignment.ts'
import { type Box, cocoMap, mcnemarExact, randomFrom, type Scene } from '../../src/metrics/index.ts'
import { findPython, runPython } from '../python.ts'
import { temporaryDirectory } from '../temporary.ts'

const SCRIPTS = import.meta.dirname
const coco = findPython(['numpy', 'pycocotools'])
const scipy = findPython(['numpy', 'scipy'])

function compute(python: ReturnType<typeof findPython>, script: string, input: unknown): unknown {
  const file = join(temporaryDirectory(), 'input.json')
  writeFileSync(file, JSON.stringify(input))
  return JSON.parse(runPython(python, readFileSync(join(SCRIPTS, script), 'utf8'), file))
}

/** Scenes with crowds, objects of every size, ties of scores, images without an object and without a box. */
function someScenes(
  seed: number,
  { images, classes, tied }: { images: number; classes: number; tied: boolean },
): Scene[] {
  const random = randomFrom(seed)
  const below = (n: number) => Math.floor(random() * n)
  const someBox = (): Box => {
    const [x, y] = [300 * random(), 200 * random()]
    const size = [12, 50, 150][below(3)] ?? 50
    return rounded([x, y, x + size * (0.5 + random()), y + size * (0.5 + random())])
  }
  const near = ([x1, y1, x2, y2]: Box): Box => {
    const by = () => (random() - 0.5) * 0.3 * (x2 - x1)
    return rounded([x1 + by(), y1 + by(), x2 + by(), y2 + by()])
  }
  const score = () => (tied ? below(6) / 8 : Math.fround(random()))
  return Array.from({ length: images }, () => {
    const truth = Array.from({ length: below(5) * below(2) * 2 }, () => {
      const box = someBox()
      const area = (box[2] - box[0]) * (box[3] - box[1])
      return { box, label: 1 + below(classes), isCrowd: random() < 0.15, area: random() < 0.5 ? area : 0.6 * area }
    })
    const onObjects = truth.flatMap(({ box, label }) =>
      Array.from({ length: below(4) }, () => ({
        box: random() < 0.1 ? box : near(box),
        label: random() < 0.9 ? label : 1 + below(classes),
        score: score(),
      })),
    )
    const stray = Array.from({ length: below(4) }, () => ({
      box: someBox(),
      label: 1 + below(classes),
      score: score(),
    }))
    return { truth, detections: random() < 0.15 ? [] : [...stray, ...onObjects] }
  })
}

/** To fp32, as detections come. */
function rounded([x1, y1, x2, y2]: Box): Box {
  return [Math.fround(x1), Math.fround(y1), Math.fround(x2), Math.fround(y2)]
}

describe.skipIf('missing' in coco)(`pycocotools gives the same mean average precisions${why(coco)}`, () => {
  const sets: readonly Scene[][] = [
    ...[1, 2, 3, 4, 5, 6].map(seed => someScenes(seed, { images: 30, classes: 4, tied: seed % 2 === 0 })),
    // One class in one image, more boxes than count, and nothing at all to find.
    someScenes(11, { images: 1, classes: 1, tied: true }),
    someScenes(12, { images: 200, classes: 9, tied: true }),
    crowdedScene(),
    someScenes(13, { images: 10, classes: 2, tied: false }).map(scene => ({ ...scene, truth: [] })),
    someScenes(14, { images: 10, classes: 2, tied: false }).map(scene => ({ ...scene, detections: [] })),
    someScenes(15, { images: 10, classes: 2, tied: false }).map(({ truth, detections }) => ({
      truth: truth.map(object => ({ ...object, isCrowd: true })),
      detections,
    })),
  ]

  test('of random sets with crowds, ties, empty images and objects of every size', () => {
    const theirs = compute(coco, 'coco_map.py', sets)
    const ours = sets.map(scenes => {
      const { map, map50, map75, small, medium, large } = cocoMap(scenes)
      return [map, map50, map75, small, medium, large]
    })
    expect(ours.flat().filter(value => value !== null && value > 0.05 && value < 0.95).length).toBeGreaterThan(30)
    // pycocotools says -1 where there is no figure.
    expect(ours.map(row => row.map(value => value ?? -1))).toEqual(closeTo(theirs, 12))
  })
})

function crowdedScene(): Scene[] {
  const [scene] = someScenes(21, { images: 1, classes: 1, tied: false })
  const random = randomFrom(22)
  const box: Box = [10, 10, 60, 60]
  const detections = Array.from({ length: 180 }, () => {
    const by = 12 * random()
    return { box: rounded([10 + by, 10, 60 + by, 60]), label: 1, score: Math.fround(random()) }
  })
  const object = { box, label: 1, isCrowd: false, area: 2500 }
  return [{ truth: [...(scene?.truth ?? []), object], detections }]
}

describe.skipIf('missing' in scipy)(`SciPy gives the same${why(scipy)}`, () => {
  test("total of the best assignment, and p of McNemar's exact test", () => {
    const random = randomFrom(31)
    const matrices = Array.from({ length: 60 }, (_, i) => {
      const [rows, columns] = [1 + ((i * 7) % 40), 1 + ((i * 11) % 37)]
      // Mostly zeros, as overlaps are, or full.
      return Array.from({ length: rows }, () =>
        Array.from({ length: columns }, () => (i % 2 === 0 || random() < 0.2 ? random() : 0)),
      )
    })
    const discordant = Array.from({ length: 200 }, (_, i) => [(i * i) % 61, (i * 13) % 47])
    const totals = matrices.map(matrix =>
      bestAssignment(matrix).reduce((sum, column, row) => sum + (matrix[row]?.[column] ?? 0), 0),
    )
    const ps = discordant.map(([lost = 0, gained = 0]) => mcnemarExact(lost, gained))
    const theirs = z.object({ totals: z.array(z.number()), ps: z.array(z.number()) })
    const { totals: bestTotals, ps: exactPs } = theirs.parse(
      compute(scipy, 'scipy_figures.py', { matrices, discordant }),
    )
    expect(totals).toEqual(closeTo(bestTotals, 10))
    expect(ps).toEqual(closeTo(exactPs, 12))
  })
})

function closeTo(values: unknown, digits: number): unknown {
  return Array.isArray(values) ? values.map(value => closeTo(value, digits)) : expect.closeTo(Number(values), digits)
}

function why(python: ReturnType<typeof findPython>): string {
  return 'missing' in python ? ` (${python.missing})` : ''
}
