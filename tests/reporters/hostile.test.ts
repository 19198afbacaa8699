/** Models, devices and errors are named by others: whatever they are called, a report stays a report. */
import { describe, expect, test } from 'vitest'
import { REPORTERS } from '../../src/reporters/index.ts'
import { document } from './fixture.ts'
import { imagesDocument } from './images.ts'
import { EVIL, poison } from './poison.ts'

describe('an HTML report of hostile texts', () => {
  const clean = REPORTERS.html.render(document())
  const poisoned = REPORTERS.html.render(poison(document()))
  const tags = (page: string) => page.match(/<[a-z/!][^>]*>/gi)?.map(tag => /^<[/!]?[a-z0-9]*/i.exec(tag)?.[0]) ?? []

  test('has the same elements in the same order as one of harmless texts', () => {
    expect(tags(poisoned)).toEqual(tags(clean))
  })

  test('has no attribute that the templates did not write', () => {
    const markup = poisoned.slice(0, poisoned.indexOf('<script'))
    expect(markup.replaceAll(/"[^"]*"/g, '""')).not.toMatch(/<[^>]*\son[a-z]+=/i)
    expect(poisoned).not.toContain('<img')
    expect(markup).not.toContain('\u202e')
  })

  test('still carries the document, evil and whole', () => {
    const data = /<script type="application\/json" id="assay-result">(.*?)<\/script>/s.exec(poisoned)?.[1] ?? ''
    expect(JSON.parse(data)).toEqual(poison(document()))
  })

  test('also where it shows images and their boxes', () => {
    const [ours, theirs] = [imagesDocument(), poison(imagesDocument())].map(each => REPORTERS.html.render(each))
    expect(tags(theirs ?? '')).toEqual(tags(ours ?? ''))
  })

  test('also where metrics, thresholds and details are named so', () => {
    const renamed = document()
    for (const unit of renamed.units) {
      for (const check of unit.checks) {
        check.metrics = { [EVIL]: 1, ...check.metrics }
        check.thresholds = { [EVIL]: { limit: 1, comparison: 'equal', source: EVIL }, ...check.thresholds }
        for (const each of check.cases) each.details = { [EVIL]: EVIL }
      }
      for (const { points } of unit.benchmarks)
        for (const point of points)
          point.targets.push({ metric: EVIL, limit: 1, comparison: 'at-most', value: 2, met: false, enforced: true })
      unit.telemetry = { [EVIL]: 1 }
    }
    const page = REPORTERS.html.render(renamed)
    expect(page.match(/<script/g)).toHaveLength(2)
    expect(page).not.toContain('<img')
  })
})
