import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Fit, type Preprocessing, placeImage, toOriginal } from './preprocessing.ts'

const how = (fit: Fit, more: Partial<Preprocessing> = {}): Preprocessing => ({
  fit,
  kernel: 'bilinear',
  crop: null,
  middle: 'floor',
  rescale: 1 / 255,
  mean: [0, 0, 0],
  std: [1, 1, 1],
  fill: 0,
  source: 'test',
  ...more,
})
const input = { height: 640, width: 640 }
const letterbox = how({ kind: 'within', isCentred: true })

test('a letterbox keeps the ratio, and halves what is left: 1280 x 720 px become 640 x 360, 140 px below the edge', () => {
  expect(placeImage(letterbox, { width: 1280, height: 720 }, input)).toEqual({
    size: { width: 640, height: 360 },
    left: 0,
    top: 140,
  })
})

test('an odd px of a border is below and on the right', () => {
  expect(placeImage(letterbox, { width: 640, height: 639 }, input)).toMatchObject({ top: 0 })
  expect(placeImage(letterbox, { width: 640, height: 637 }, input)).toMatchObject({ top: 1 })
})

test('the middle of half a px is downwards for Hugging Face, and to the even number for torchvision', () => {
  const fit: Fit = { kind: 'shortest', px: 227 }
  const square = { height: 224, width: 224 }
  const image = { width: 227, height: 227 }
  expect(placeImage(how(fit), image, square)).toMatchObject({ left: -1, top: -1 })
  expect(placeImage(how(fit, { middle: 'even' }), image, square)).toMatchObject({ left: -2, top: -2 })
})

test('an image of another size is refused where nothing resizes it', () => {
  expect(placeImage(how({ kind: 'none' }), { width: 640, height: 639 }, input)).toBeNull()
  expect(placeImage(how({ kind: 'none' }), { width: 640, height: 640 }, input)).toMatchObject({ left: 0, top: 0 })
})

test('a box goes into the input and comes back, whatever the image and however it was placed', () => {
  const side = fc.integer({ min: 8, max: 3000 })
  const fits = fc.constantFrom<Fit>(
    { kind: 'within', isCentred: true },
    { kind: 'within', isCentred: false },
    { kind: 'stretch', to: { width: 640, height: 640 } },
    { kind: 'shortest', px: 731 },
  )
  fc.assert(
    fc.property(
      side,
      side,
      fits,
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 }),
      (width, height, fit, shares) => {
        const original = { width, height }
        const placed = placeImage(how(fit), original, input)
        if (placed === null) throw new Error('not placed')
        const box = shares.map((share, i) => share * (i % 2 === 0 ? width : height))
        const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = box.map((value, i) =>
          i % 2 === 0
            ? (value * placed.size.width) / width + placed.left
            : (value * placed.size.height) / height + placed.top,
        )
        for (const [i, value] of toOriginal([x1, y1, x2, y2], placed, original).entries())
          expect(value).toBeCloseTo(box[i] ?? Number.NaN, 6)
      },
    ),
  )
})
