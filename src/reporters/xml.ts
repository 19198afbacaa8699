/** XML that escapes what is put into it: elements are made, never pasted together. */

/** An element, or text. */
export type XmlNode = XmlElement | string

export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string | number>>
  readonly children: readonly XmlNode[]
}

export function element(
  name: string,
  attributes: XmlElement['attributes'] = {},
  children: readonly XmlNode[] = [],
): XmlElement {
  return { name, attributes, children }
}

/** A document in UTF-8. Elements that hold elements alone are indented; text is left as it is. */
export function xmlDocument(root: XmlElement): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${lines(root, '')}\n`
}

function lines({ name, attributes, children }: XmlElement, indent: string): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeAttribute(String(value))}"`)
  const open = `${indent}<${name}${written.join('')}`
  if (children.length === 0) return `${open}/>`
  const elements = children.filter(child => typeof child !== 'string')
  if (elements.length === children.length)
    return `${open}>\n${elements.map(child => lines(child, `${indent}  `)).join('\n')}\n${indent}</${name}>`
  const inner = children.map(child => (typeof child === 'string' ? escapeXml(child) : lines(child, '')))
  return `${open}>${inner.join('')}</${name}>`
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/**
 * Text for an element. Characters that XML 1.0 (section 2.2, Char) cannot hold, not even as a reference, become U+FFFD; so
 * do those that reorder the text around them. Every `>` is escaped, and with it that of a `]]>`.
 */
function escapeXml(text: string): string {
  return (
    text
      .toWellFormed()
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML cannot hold
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
      .replace(/[&<>"]/g, character => ENTITIES[character] ?? '')
      // A parser would read a bare carriage return as a line feed (section 2.11).
      .replaceAll('\r', '&#13;')
  )
}

/** A parser would read white space of an attribute as spaces (section 3.3.3). */
function escapeAttribute(text: string): string {
  return escapeXml(text).replaceAll('\n', '&#10;').replaceAll('\t', '&#9;')
}
