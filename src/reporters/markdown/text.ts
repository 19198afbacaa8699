/** Texts and tables of GitHub Flavored Markdown (https://github.github.com/gfm/); what is put in cannot become markup. */

/** Markup, as opposed to text. */
export class Markdown {
  readonly source: string
  /** The same for a cell of a table, which wants bars escaped even in code. */
  readonly inTable: string
  constructor(source: string, inTable = source) {
    this.source = source
    this.inTable = inTable
  }
}

export type Inline = Markdown | string

/** What means something within a line: `_` not inside a word, and `$` begins a formula on GitHub. */
const PUNCTUATION = /[\\`*[\]#|~$]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

/** What would hide or reorder the text around it is made visible. */
function visible(text: string): string {
  return text.toWellFormed().replace(/(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')
}

function escapeHtml(text: string): string {
  return visible(text)
    .replace(/[&<>]/g, character => ENTITIES[character] ?? '')
    .replace(/\s*\n\s*/g, ' ')
}

/** Text as it stands, in one line. */
export function escapeMarkdown(text: string): string {
  return (
    visible(text)
      .replace(PUNCTUATION, '\\$&')
      .replace(/[&<>]/g, character => ENTITIES[character] ?? '')
      // An empty comment keeps GitHub from telling the person who is called so.
      .replace(/(?<!\w)@(?=\w)/g, '@<!-- -->')
      .replace(/\s*\n\s*/g, '<br>')
  )
}

/** A code span, whose fence is longer than any run of backticks in it. */
export function code(text: string): Markdown {
  const inner = visible(text).replace(/\s*\n\s*/g, ' ')
  const longest = Math.max(0, ...Array.from(inner.matchAll(/`+/g), ([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  const space = /^[ `]|[ `]$/.test(inner) ? ' ' : ''
  const span = inner === '' ? '' : `${fence}${space}${inner}${space}${fence}`
  return new Markdown(span, span.replaceAll('|', '\\|'))
}

/** Several parts as one: strings are escaped, markup is not. */
export function joined(...parts: readonly Inline[]): Markdown {
  const all = parts.map(part => (part instanceof Markdown ? part : new Markdown(escapeMarkdown(part))))
  return new Markdown(all.map(part => part.source).join(''), all.map(part => part.inTable).join(''))
}

export function bold(part: Inline): Markdown {
  return joined(new Markdown('**'), part, new Markdown('**'))
}

/** A line of several parts, outside of tables. */
export function inline(...parts: readonly Inline[]): string {
  return joined(...parts).source
}

export interface MarkdownColumn {
  readonly head: Inline
  readonly isNumber?: boolean
}

/** A table; a row that is too short is filled up. Null where there is no row. */
export function markdownTable(columns: readonly MarkdownColumn[], rows: readonly (readonly Inline[])[]): string | null {
  if (rows.length === 0) return null
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    line(columns.map(({ head }) => joined(head).inTable)),
    line(columns.map(({ isNumber }) => (isNumber === true ? '--:' : '---'))),
    ...rows.map(row => line(columns.map((_, index) => joined(row[index] ?? '').inTable))),
  ].join('\n')
}

/** Folded away until it is opened. Its summary is HTML, and blank lines let the body be read as Markdown. */
export function details(summary: string, body: string): string {
  return `<details><summary>${escapeHtml(summary)}</summary>\n\n${body}\n\n</details>`
}
