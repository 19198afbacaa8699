import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTokenizer, type TextCodec } from '../../src/workloads/llm/tokenizer.ts'
import { findPython } from '../python.ts'

const ROOT = resolve(import.meta.dirname, '..', '..')
const TEMPLATES = join(import.meta.dirname, 'templates')
const REAL = join(ROOT, 'tests', 'real', 'smollm2-135m-instruct')
const VOCABULARY = 60_000

const folder = mkdtempSync(join(tmpdir(), 'assay-chat-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const user = (content: string) => ({ role: 'user', content })
const assistant = (content: string) => ({ role: 'assistant', content })
const system = (content: string) => ({ role: 'system', content })
const CONVERSATIONS = [
  [user('What is the capital of France?')],
  [system('Answer in one word.'), user('2 + 2 = ?')],
  [user('Hi'), assistant('Hello! How can I help?'), user('  Write “naïve” twice,\n\nwith a <|tag|> & {{ braces }}.  ')],
  [system('  '), user(''), assistant('{% if %}'), user('é 漢字 🙂')],
  [assistant('I begin.'), user('No.')],
]

const BEGIN = { content: '<|begin|>', lstrip: false, normalized: false, rstrip: false, single_word: false }

/** The shipped tokenizer, or the real one, with a template where a model has it: a file of its own, or a key of the config. */
function directoryWith(template: string | null, place: 'file' | 'string' | 'list', tokenizer: string): string {
  const directory = mkdtempSync(join(folder, 'model-'))
  const vocabulary = JSON.parse(readFileSync(join(tokenizer, 'tokenizer.json'), 'utf8'))
  vocabulary.added_tokens.push({ ...BEGIN, id: 2048, special: true })
  writeFileSync(join(directory, 'tokenizer.json'), JSON.stringify(vocabulary))
  const config: Record<string, unknown> = {
    ...JSON.parse(readFileSync(join(tokenizer, 'tokenizer_config.json'), 'utf8')),
    bos_token: { ...BEGIN, __type: 'AddedToken' },
    eos_token: '<|end|>',
  }
  if (template !== null && place === 'file') writeFileSync(join(directory, 'chat_template.jinja'), template)
  if (template !== null && place === 'string') config['chat_template'] = template
  if (template !== null && place === 'list')
    config['chat_template'] = [
      { name: 'tool_use', template: 'tools' },
      { name: 'default', template },
    ]
  writeFileSync(join(directory, 'tokenizer_config.json'), JSON.stringify(config))
  return directory
}

function opened(directory: string): TextCodec {
  const codec = openTokenizer(directory, VOCABULARY)
  if (codec === null) throw new Error('no tokenizer')
  return codec
}

/** The text and its ids, or null where the template refuses the conversation. */
function rendered(codec: TextCodec, messages: (typeof CONVERSATIONS)[number]) {
  if (codec.chat === null) throw new Error('no template')
  try {
    const text = codec.chat(messages)
    return { text, ids: codec.encodePlain(text) }
  } catch {
    return null
  }
}

const python = findPython(['transformers', 'jinja2'])

describe.skipIf('missing' in python)(
  `a conversation is what transformers makes of it${'missing' in python ? ` (${python.missing})` : ''}`,
  { timeout: 180_000 },
  () => {
    const names = readdirSync(TEMPLATES)
    const zoo = join(ROOT, 'zoo', 'llama')
    const directories = [
      ...names.map(name => directoryWith(readFileSync(join(TEMPLATES, name), 'utf8'), 'file', zoo)),
      directoryWith(readFileSync(join(TEMPLATES, 'llama-3.jinja'), 'utf8'), 'string', zoo),
      directoryWith(readFileSync(join(TEMPLATES, 'zephyr.jinja'), 'utf8'), 'list', zoo),
      REAL,
    ]
    let theirs: ({ text: string; ids: number[] } | null)[][] = []

    beforeAll(() => {
      if ('missing' in python) return
      const conversations = join(folder, 'conversations.json')
      writeFileSync(conversations, JSON.stringify(CONVERSATIONS))
      const script = join(import.meta.dirname, 'rendered.py')
      theirs = JSON.parse(
        execFileSync(python.command, [script, conversations, ...directories], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'pipe'],
        }),
      )
    }, 180_000)

    test.each(
      [...names, 'a template in the config', 'a template of several', 'the real model’s'].map(
        (name, index) => [name, index] as const,
      ),
    )('%s', (_, index) => {
      const codec = opened(directories[index] ?? '')
      const ours = CONVERSATIONS.map(messages => rendered(codec, messages))
      expect(ours).toEqual(theirs[index])
      expect(ours.filter(one => one !== null).length).toBeGreaterThanOrEqual(2)
    })
  },
)

test('a conversation ends where the answer begins', () => {
  expect(opened(REAL).chat?.([user('Hi')])).toBe(
    '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' +
      '<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n',
  )
})

describe('a chat template', () => {
  const zoo = join(ROOT, 'zoo', 'llama')

  test('need not be there', () => {
    expect(opened(directoryWith(null, 'file', zoo)).chat).toBeNull()
  })

  test('of its own file comes before that of the config', () => {
    const directory = directoryWith('of the config', 'string', zoo)
    expect(opened(directory).chat?.([user('x')])).toBe('of the config')
    writeFileSync(join(directory, 'chat_template.jinja'), 'of the file')
    expect(opened(directory).chat?.([user('x')])).toBe('of the file')
  })

  test.each<[string, unknown, RegExp]>([
    ['cannot be parsed', '{% for %}', /^the chat template cannot be read: /],
    ['is no text', 7, /^chat_template is neither a template nor a list of them$/],
    [
      'is one of several without a usual one',
      [{ name: 'rag', template: 'x' }],
      /^no chat template is named 'default'$/,
    ],
  ])('that %s is refused, naming the file', (_, chat_template, message) => {
    const directory = directoryWith(null, 'file', zoo)
    const path = join(directory, 'tokenizer_config.json')
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), chat_template }))
    expect(() => opened(directory)).toThrow(
      expect.objectContaining({ code: 'tokenizer-invalid', message: expect.stringMatching(message), where: path }),
    )
  })
})
