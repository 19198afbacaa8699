import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { findPython, runPython } from '../../../tests/python.ts'
import { document, UNITS } from '../../../tests/reporters/fixture.ts'
import { EVIL, poison } from '../../../tests/reporters/poison.ts'
import { temporaryDirectory } from '../../../tests/temporary.ts'
import { markdown } from './report.ts'
import { bold, code, escapeMarkdown, inline, markdownTable } from './text.ts'

/** Another implementation of Markdown, with GitHub's tables. Gives the text of each cell, and every HTML tag that was written. */
const RENDER = `
import json, sys
from markdown_it import MarkdownIt
from html.parser import HTMLParser

class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.rows, self.cell = [], [], None
    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag == "table": self.rows.append([])
        if tag == "tr": self.rows[-1].append([])
        if tag in ("td", "th"): self.cell = ""
        if tag == "br" and self.cell is not None: self.cell += "\\n"
    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.rows[-1][-1].append(self.cell)
            self.cell = None
    def handle_data(self, data):
        if self.cell is not None: self.cell += data

answers = []
for source in json.load(open(sys.argv[1])):
    reader = Reader()
    reader.feed(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(source))
    answers.append({"tags": reader.tags, "tables": reader.rows})
json.dump(answers, sys.stdout)
`
const Rendered = z.array(z.object({ tags: z.array(z.string()), tables: z.array(z.array(z.array(z.string()))) }))

const python = findPython(['markdown_it'])
const why = 'missing' in python ? ` (skipped: ${python.missing})` : ''

function render(...sources: string[]): z.infer<typeof Rendered> {
  const path = join(temporaryDirectory(), 'sources.json')
  writeFileSync(path, JSON.stringify(sources))
  return Rendered.parse(JSON.parse(runPython(python, RENDER, path)))
}

describe.skipIf('missing' in python)(`Markdown as another implementation renders it${why}`, () => {
  const TEXTS = [
    'a | b',
    '*bold* _it_ **x** __y__ ~~z~~ `c` ``d``',
    '[link](http://x) ![img](y) <b>tag</b> &amp; &#64;',
    'back\\slash \\| \\* C:\\dir',
    '# no heading',
    'two\nlines',
    '$x$ and $$y$$',
    'snake_case_name __init__',
    '<!-- no comment --> ]]>',
    '| --- |',
    EVIL.replaceAll('\u0007', '\ufffd').replaceAll('\u202e', '\ufffd'),
  ]

  test('shows every text of a cell as it stands', () => {
    const [rendered] = render(
      markdownTable(
        [{ head: 'text' }],
        TEXTS.map(text => [text]),
      ) ?? '',
    )
    expect(rendered?.tables).toEqual([[['text'], ...TEXTS.map(text => [text])]])
    expect(new Set(rendered?.tags)).toEqual(new Set(['table', 'thead', 'tbody', 'tr', 'th', 'td', 'br']))
  })

  test('shows every code of a cell as it stands', () => {
    const codes = ['a | b', '`x`', '`', 'a `` b', ' space ', '<b>', '\\|', 'assay parity x']
    const [rendered] = render(
      markdownTable(
        [{ head: 'code' }],
        codes.map(text => [code(text)]),
      ) ?? '',
    )
    expect(rendered?.tables[0]?.slice(1)).toEqual(codes.map(text => [text]))
  })

  test('shows code outside of a table as it stands too', () => {
    const [rendered] = render(markdownTable([{ head: 'x' }], [[bold(code('a|b'))]]) ?? '')
    expect(rendered?.tables).toEqual([[['x'], ['a|b']]])
    expect(inline(code('<|end|>'))).toBe('`<|end|>`')
  })

  test('of hostile texts has the same elements as one of harmless texts', () => {
    const [clean, hostile] = render(markdown.render(document()), markdown.render(poison(document())))
    const shape = (rendered: typeof clean) => ({
      tags: rendered?.tags.filter(tag => tag !== 'br'),
      cells: rendered?.tables.map(rows => rows.map(row => row.length)),
    })
    expect(shape(hostile)).toEqual(shape(clean))
  })

  test('has the verdict matrix first, then each unit, with measured values against thresholds', () => {
    const [rendered] = render(markdown.render(document()))
    const tables = rendered?.tables ?? []
    const [matrix] = tables
    const wrong = tables.find(rows => rows[1]?.[0]?.includes('logits-parity') && rows[1]?.[0]?.includes('❌'))
    expect(matrix?.[0]).toEqual([
      'model',
      'ort:cpu fp32',
      'ort:cpu fp16',
      'ort:cpu int8',
      'torch:cuda:0 bf16',
      'torch:cuda:0 int4',
      'ort:webgpu fp16',
    ])
    expect(matrix?.[1]).toEqual(['zoo/llama', '✅ pass', '✅ pass', '❌ fail', '✅ pass', '⚪ skip', '❌ fail'])
    expect(wrong?.[1]).toEqual(['❌ logits-parity', 'relative L2 error', '0.1667 ✗', '≤ 0.1', '4,096'])
  })
})

test('what failed comes before what passed, and what passed is folded away', () => {
  const text = markdown.render(document())
  const at = (part: string) => {
    expect(text).toContain(part)
    return text.indexOf(part)
  }
  expect(at('## Not passed')).toBeLessThan(at('## ❌ zoo/llama on ort:cpu in int8'))
  expect(at('## ❌ zoo/llama on ort:cpu in int8')).toBeLessThan(at('<details><summary>✅ zoo/llama on ort:cpu in fp32'))
  expect(at('- ❌ logits-parity: ')).toBeLessThan(at('<details>'))
  expect(text).toContain('again: `assay parity zoo/llama --device ort:cpu --precision int8`')
  expect(text).toContain(UNITS.crashed.model)
})

test('a run that was cut off says so, and how to go on', () => {
  expect(markdown.render({ ...document(), complete: false })).toMatch(
    /^# 🛑 ERROR, incomplete\n[\s\S]*`assay run --resume /,
  )
})

test('nobody is told of a name in a reason', () => {
  expect(escapeMarkdown('by @octocat, arch/llama@1b')).toBe('by @<!-- -->octocat, arch/llama@1b')
  expect(inline('x ', code('@octocat'))).toBe('x `@octocat`')
})
