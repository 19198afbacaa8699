import { describe, expect, test } from 'vitest'
import { document } from '../../tests/reporters/fixture.ts'
import { CEILINGS, imagesDocument } from '../../tests/reporters/images.ts'
import type { ResultDocument } from '../events/result.ts'
import { htmlReport } from './html/page.ts'
import { markdown } from './markdown/report.ts'
import { lookOf } from './terminal/look.ts'
import { summary } from './terminal/summary.ts'
import { efficiencyCells, efficiencyTables, sharedBenchmarks } from './throughput.ts'

const images = imagesDocument()
const one = (document: ResultDocument, at: number): ResultDocument => ({
  ...document,
  units: document.units.slice(at, at + 1),
})
const look = lookOf({ isTTY: false, write: () => true }, { LANG: 'en_US.UTF-8' })

describe('units that have a benchmark in common', () => {
  test('are named by their model, and by what else tells them apart', () => {
    expect(sharedBenchmarks(images)).toMatchObject([
      {
        benchmark: 'inference',
        all: ['arch/resnet50, fp32', 'arch/resnet50, int8', 'zoo/yolo, fp32', 'arch/vit-b-16, fp32'].map(name => ({
          name,
        })),
      },
    ])
    const [generation] = sharedBenchmarks(document())
    expect(generation?.all.map(({ name }) => name)).toEqual([
      'zoo/llama, ort:cpu, fp32',
      'zoo/llama, torch:cuda:0, bf16',
      'zoo/llama, ort:webgpu, fp16',
    ])
  })

  test('bring only the batches that were measured', () => {
    expect(
      sharedBenchmarks(images)[0]
        ?.all.at(-1)
        ?.points.map(({ batch }) => batch),
    ).toEqual([1, 8, 32, 64])
  })

  test('are two at least, also of a benchmark beside another one', () => {
    expect(sharedBenchmarks(one(images, 0))).toEqual([])
    expect(sharedBenchmarks({ units: [...one(images, 0).units, ...one(document(), 0).units] })).toEqual([])
  })

  test('of two benchmarks make two pictures, since tokens are no images', () => {
    const both = { units: [...images.units, ...document().units] }
    expect(sharedBenchmarks(both).map(({ benchmark }) => benchmark)).toEqual(['generation', 'inference'])
  })
})

describe('the order of models', () => {
  const [table] = efficiencyTables(images)

  test('is that of the share of the measured arithmetic, each at the batch that gives most', () => {
    expect(table?.rows.map(({ name, batch }) => [name, batch])).toEqual([
      ['arch/resnet50, int8', 64],
      ['arch/vit-b-16, fp32', 64],
      ['arch/resnet50, fp32', 64],
      ['zoo/yolo, fp32', 64],
    ])
    const rate = table?.rows[2]?.throughput ?? 0
    expect(table?.rows[2]?.mfu).toBeCloseTo((rate * 8.2e9) / CEILINGS.flopsPerSecond, 3)
  })

  test('weighs the phases of a point by the time that they take', () => {
    const phase = (ms: number, mfu: number | null) => ({
      ...{ flops: 1, bytes: 1, intensity: 1, bound: null },
      ms,
      mfu,
      mbu: 0,
    })
    const units = document().units.map(unit => ({
      ...unit,
      benchmarks: unit.benchmarks.map(each => ({
        ...each,
        points: each.points.map(point => ({ ...point, roofline: { prefill: phase(10, 0.8), decode: phase(30, 0.1) } })),
      })),
    }))
    for (const { mfu } of efficiencyTables({ units })[0]?.rows ?? []) expect(mfu).toBeCloseTo((8 + 3) / 40, 12)
  })

  test('has those of which the share is not known last, without a rank, and is not there where it is known of none', () => {
    const without = (units: ResultDocument['units']) =>
      units.map(unit => ({
        ...unit,
        benchmarks: unit.benchmarks.map(each => ({
          ...each,
          points: each.points.map(point => ({ ...point, roofline: {} })),
        })),
      }))
    const [first, ...others] = images.units
    const [mixed] = efficiencyTables({ units: [...without(first ? [first] : []), ...others] })
    expect(mixed?.rows.at(-1)).toMatchObject({ name: 'arch/resnet50, fp32', mfu: null, bound: null })
    expect(efficiencyCells(mixed?.rows ?? []).at(-1)).toEqual(['64', '58.7', '–', '–', '–'])
    expect(efficiencyTables({ units: without(images.units) })).toEqual([])
  })
})

describe('in the reports', () => {
  const page = htmlReport.render(images)

  test('one picture has a line for each unit, on logarithmic axes', () => {
    const [picture = ''] = /<figcaption>Throughput of inference<\/figcaption>.*?<\/figure>/s.exec(page) ?? []
    expect(picture.match(/<polyline/g)).toHaveLength(4)
    expect(picture.match(/<li>/g)).toHaveLength(4)
    for (const tick of ['>20<', '>50<', '>100<', '>200<', '>500<']) expect(picture).toContain(tick)
    expect(picture).not.toMatch(/NaN|Infinity|undefined/)
  })

  test('more lines than can be told apart make several pictures, and none is left out', () => {
    const [first] = images.units
    if (first === undefined) throw new Error('the fixture is empty')
    const units = Array.from({ length: 13 }, (_, at) => ({ ...first, id: `m${at}`, model: `m${at}` }))
    const many = htmlReport.render({ ...images, units })
    expect(many.match(/Throughput of inference, \d of 3/g)).toHaveLength(3)
    for (const { model } of units) expect(many).toMatch(new RegExp(`</svg> ${model}</li>`))
  })

  test('the terminal and Markdown rank the models', () => {
    const text = summary(images, [], { look, width: 100 })
    expect(text).toMatch(/\n +1 +arch\/resnet50, int8 +64 +142\.3 +117 % +2\.96 % +arithmetic\n/)
    expect(markdown.render(images)).toMatch(/\| 4 \| `zoo\/yolo, fp32` \| 64 \| 246\.2 \| 27\.1 % /)
  })

  test('a run of one unit has neither', () => {
    expect(htmlReport.render(one(images, 0))).not.toContain('All together')
    expect(markdown.render(one(images, 0))).not.toContain('All together')
    expect(summary(one(images, 0), [], { look, width: 100 })).not.toContain('rank')
  })
})

describe('a table of images', () => {
  test('has its own columns, and fits eighty columns without the last of them', () => {
    const [narrow, wide] = [79, 119].map(width => summary(images, [], { look, width }))
    expect(wide).toMatch(/✓ 8 +57\.99 +138 +141 +142 +47\.5 % +51\.43 +1\.43 % +610 MiB +4 %/)
    expect(wide).toMatch(/images\/s +latency +latency +latency +MFU +images\/s +device/)
    expect(narrow).not.toContain('waits')
    for (const line of narrow?.split('\n') ?? []) expect([...line].length).toBeLessThanOrEqual(79)
    expect(narrow).toContain('! batch 128: out-of-memory: no room for a batch of 128')
  })

  test('says where throughput ends in images, and what binds the pass', () => {
    const text = summary(images, [], { look, width: 119 }).replaceAll(/\n +/g, ' ')
    expect(text).toMatch(
      /stops growing at batch 8, at 222\.3 images\/s; most of the time there is forward, bound by arithm/,
    )
    expect(htmlReport.render(images)).toContain('<span class="figure">246 images/s</span>')
  })
})
