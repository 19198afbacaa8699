import { describe, expect, test } from 'vitest'
import { BOXES, FLIPS } from '../../../tests/reporters/images.ts'
import { type CheckResult, Picture } from '../../events/result.ts'
import { picturesPart } from './picture.ts'

const shown = (check: CheckResult) => picturesPart(check)?.markup ?? ''
const [scene] = BOXES.cases
const picture = scene?.picture
if (scene === undefined || picture === undefined) throw new Error('the fixture is empty')

describe('a flipped image', () => {
  const markup = shown(FLIPS)

  test('stands beside its margin and both sides’ classes', () => {
    expect(markup.match(/<image href="data:image\/png;base64,/g)).toHaveLength(2)
    expect(markup).toMatch(/<dt>margin<\/dt><dd>1\.83<\/dd>/)
    expect(markup).toMatch(/<dt>reference<\/dt><dd>circle<\/dd>.*<dt>device<\/dt><dd>ring<\/dd>/s)
    expect(markup).toContain('aria-label="image of images.circle.0000.png"')
  })

  test('has no key of boxes', () => expect(markup).not.toContain('legend'))
})

describe('boxes over an image', () => {
  const markup = shown(BOXES)

  test('are drawn truth first, then reference, then device, each with a class of its own', () => {
    const sides = [...markup.matchAll(/<g class="box (\w+)( alone)?">/g)].map(
      ([, side, alone]) => `${side}${alone ?? ''}`,
    )
    expect(sides).toEqual(['truth', 'truth', 'reference', 'reference alone', 'device', 'device alone'])
  })

  test('without a partner have their label and score, inside the picture', () => {
    const labels = [...markup.matchAll(/<text x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)<\/text>/g)]
    expect(labels.map(([, , , label]) => label)).toEqual(['R circle 0.912', 'D triangle 0.604'])
    for (const [, x, y] of labels) {
      expect(Number(x)).toBeLessThan(96)
      expect(Number(y)).toBeLessThan(96)
    }
  })

  test('are told in words too', () => {
    expect(markup).toContain(
      'aria-label="image of scenes.0007.png: 2 boxes of the truth, 0 without a partner; 2 boxes of the reference, 1 without a partner; 2 boxes of the device, 1 without a partner"',
    )
    expect(markup).toContain('<summary>6 boxes, 2 without a partner</summary>')
    expect(markup).toMatch(/<tr><th scope="row">device<\/th><td>triangle<\/td><td class="number">0\.604<\/td>/)
  })

  test('whose labels are hostile stay text', () => {
    const boxes = picture.boxes.map(box => ({ ...box, label: '"><script>alert(1)</script>' }))
    const hostile = shown({ ...BOXES, cases: [{ ...scene, picture: { ...picture, boxes } }] })
    expect(hostile).not.toContain('<script>')
  })

  test('that are turned inside out or lie outside have no size below zero', () => {
    const boxes = picture.boxes.map(box => ({ ...box, box: [50, 50, 20, 10] as [number, number, number, number] }))
    expect(shown({ ...BOXES, cases: [{ ...scene, picture: { ...picture, boxes } }] })).not.toMatch(/(width|height)="-/)
  })
})

test('a check without images has no such part', () => {
  expect(picturesPart({ cases: [] })).toBeNull()
})

test.each([
  ['a file elsewhere', 'https://example.org/a.png'],
  ['a kind that may hold a script', 'data:image/svg+xml;base64,PHN2Zz4='],
  ['text of another kind', 'data:text/html;base64,PGI+'],
  ['more than base64', 'data:image/png;base64,aaaa" onload="alert(1)'],
])('a picture is no %s', (_, url) => {
  expect(Picture.safeParse(picture).success).toBe(true)
  expect(Picture.safeParse({ ...picture, url }).success).toBe(false)
})
