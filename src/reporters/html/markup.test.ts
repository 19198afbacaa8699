import { assert, property, string } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { embeddedJson, escapeText, html } from './markup.ts'

const text = string({ unit: 'binary' })

describe('text in a template', () => {
  test('holds nothing that markup is made of', () =>
    assert(
      property(text, value => {
        expect(html`${value}`.markup.replaceAll(/&(amp|lt|gt|quot|#39);/g, '')).not.toMatch(/[<>&"']/)
      }),
    ))

  test('is escaped in lists too, while markup stays and nothing gives nothing', () => {
    expect(html`<b>${['<i>', html`<i></i>`, null, false, 7]}</b>`.markup).toBe('<b>&lt;i&gt;<i></i>7</b>')
  })

  test('cannot hide or reorder what stands around it', () => {
    expect(escapeText('a\u0000b\u202ec\u2066d\ne')).toBe('a\ufffdb\ufffdc\ufffdd\ne')
  })
})

describe('embedded JSON', () => {
  test('reads back as it was and holds no end of its element', () =>
    assert(
      property(text, value => {
        const { markup } = embeddedJson({ value: `</script>${value}<!--` })
        expect(markup).not.toMatch(/[<>&\u2028\u2029]/)
        expect(JSON.parse(markup)).toEqual({ value: `</script>${value}<!--` })
      }),
    ))
})
