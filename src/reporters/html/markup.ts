/** HTML that escapes what is put into it: text cannot become markup by being forgotten, only by being made with `html`. */

/** Markup, as opposed to text. */
export class Html {
  readonly markup: string
  constructor(markup: string) {
    this.markup = markup
  }
}

/** What may stand in a template: text and numbers are escaped, markup is not, lists are joined, nothing gives nothing. */
export type Part = Html | string | number | null | false | readonly Part[]

/** A template of markup. Attribute values must stand in double quotes. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.reduce((markup, string, index) => markup + render(parts[index - 1] ?? null) + string))
}

function render(part: Part): string {
  if (part === null || part === false) return ''
  if (part instanceof Html) return part.markup
  if (typeof part === 'string') return escapeText(part)
  return typeof part === 'number' ? String(part) : part.map(render).join('')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text for an element or a quoted attribute; what would hide or reorder the text around it is made visible. */
export function escapeText(text: string): string {
  return text
    .replace(/(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')
    .replace(/[&<>"']/g, character => ENTITIES[character] ?? '')
}

/** A value as JSON that no HTML parser takes for the end of its script element. */
export function embeddedJson(value: unknown): Html {
  return new Html(
    JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, character => {
      return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
    }),
  )
}
