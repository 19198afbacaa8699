import { expect, test } from 'vitest'
import { log } from '../../tests/reporters/fixture.ts'
import { resultOf } from '../events/document.ts'
import { ResultDocument } from '../events/result.ts'
import { json, jsonSchema } from './json.ts'

test('the JSON report is the document itself', () => {
  const document = resultOf(log())
  if (document === null) throw new Error('the fixture is empty')
  const text = json.render(document)
  expect(ResultDocument.parse(JSON.parse(text))).toEqual(document)
  expect(text.endsWith('}\n')).toBe(true)
})

test('the JSON Schema names the version and asks for every part of the document', () => {
  const schema = jsonSchema()
  expect(schema).toMatchObject({
    $schema: expect.stringContaining('json-schema.org'),
    properties: { schema: { const: 'assay-run-1' }, units: { type: 'array' } },
    required: expect.arrayContaining(Object.keys(ResultDocument.shape)),
  })
})
