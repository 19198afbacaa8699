import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryDirectory } from '../../../tests/temporary.ts'
import { DEFAULT_PROMPTS, promptsFor } from './prompts.ts'

function written(content: unknown): string {
  const path = join(temporaryDirectory(), 'prompts.json')
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const refused = (path: string) => () => promptsFor(null, { prompts: path })

describe('a file of prompts is refused, naming the file,', () => {
  test.each<[string, unknown, string, string]>([
    ['that is not JSON', '{ "prompts": [', 'the prompts cannot be read: ', ''],
    ['without prompts', {}, 'Invalid input', ': prompts'],
    ['with none', { prompts: [] }, '', ': prompts'],
    ['with a prompt of nothing', { prompts: [{ id: 'a' }] }, 'a prompt has either a text or messages', ': prompts.0'],
    [
      'with a prompt of a text and messages',
      { prompts: [{ id: 'a', text: 'x', messages: [{ role: 'user', content: 'x' }] }] },
      'a prompt has either a text or messages',
      ': prompts.0',
    ],
    ['with a text that is none', { prompts: [{ id: 'a', text: 4 }] }, 'Invalid input', ': prompts.0.text'],
    ['with no messages', { prompts: [{ id: 'a', messages: [] }] }, '', ': prompts.0.messages'],
    [
      'with a message without a role',
      { prompts: [{ id: 'a', messages: [{ content: 'x' }] }] },
      'Invalid input',
      ': prompts.0.messages.0.role',
    ],
    [
      'with a message of something else beside',
      { prompts: [{ id: 'a', messages: [{ role: 'user', content: 'x', image: 'y' }] }] },
      'Unrecognized key',
      ': prompts.0.messages.0',
    ],
    ['with an empty text', { prompts: [{ id: 'a', text: '' }] }, '', ': prompts.0.text'],
    [
      'with an id of other letters',
      { prompts: [{ id: 'a/b', text: 'x' }] },
      'an id is made of letters',
      ': prompts.0.id',
    ],
    [
      'with an answer that is no text',
      { prompts: [{ id: 'a', text: 'x', answer: 4 }] },
      'Invalid input',
      ': prompts.0.answer',
    ],
    [
      'with an id twice',
      {
        prompts: [
          { id: 'a', text: 'x' },
          { id: 'a', text: 'y' },
        ],
      },
      "two prompts have the id 'a'",
      '',
    ],
    [
      'whose text is not there',
      { prompts: [{ id: 'a', text: 'x' }], perplexity: { text: 'gone.txt' } },
      'the text cannot be read: ',
      '',
    ],
  ])('%s', (_, content, message, place) => {
    const path = written(content)
    expect(refused(path)).toThrow(
      expect.objectContaining({
        code: 'plan-invalid',
        message: expect.stringContaining(message),
        where: expect.stringContaining(place),
      }),
    )
  })

  test('that is not there', () => {
    const path = join(temporaryDirectory(), 'gone.json')
    expect(refused(path)).toThrow(expect.objectContaining({ code: 'plan-invalid', where: path }))
  })
})

describe('the prompts of a model', () => {
  const own = { prompts: [{ id: 'own', text: 'mine' }], perplexity: { text: 'heldout.txt' } }

  function modelDirectory(): string {
    const directory = temporaryDirectory()
    mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, 'workload.json'), JSON.stringify(own))
    writeFileSync(join(directory, 'heldout.txt'), 'its own text')
    return directory
  }

  test("are the plan's before its own, its own before the defaults", () => {
    const directory = modelDirectory()
    const chosen = written({ prompts: [{ id: 'chosen', text: 'x' }] })
    const first = (...args: Parameters<typeof promptsFor>) => promptsFor(...args).prompts[0]?.id
    expect(first(directory, { prompts: chosen })).toBe('chosen')
    expect(first(directory, {})).toBe('own')
    expect(first(temporaryDirectory(), {})).toBe(DEFAULT_PROMPTS[0]?.id)
    expect(first(null, {})).toBe(DEFAULT_PROMPTS[0]?.id)
  })

  test("go with a text: the plan's, else their own, beside their file, else the shipped one", () => {
    const directory = modelDirectory()
    const text = join(temporaryDirectory(), 'text.txt')
    writeFileSync(text, 'chosen text')
    expect(promptsFor(directory, { text }).text).toBe('chosen text')
    expect(promptsFor(directory, {}).text).toBe('its own text')
    expect(promptsFor(null, {}).text?.length).toBeGreaterThan(1000)
    expect(() => promptsFor(directory, { text: `${text}x` })).toThrow('the text cannot be read')
  })

  test('by default are ten or more, with ids of their own', () => {
    expect(DEFAULT_PROMPTS.length).toBeGreaterThanOrEqual(10)
    expect(new Set(DEFAULT_PROMPTS.map(({ id }) => id)).size).toBe(DEFAULT_PROMPTS.length)
  })
})
