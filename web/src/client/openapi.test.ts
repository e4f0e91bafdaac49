import { expect, test } from 'vitest';

import { callsByTag, exampleOf, fieldsOf, kindOf, type Description } from './openapi';

const all: Description = {
  info: { title: 'T', version: '1' },
  tags: [{ name: 'Rooms' }, { name: 'Empty' }],
  paths: {
    '/rooms/{id}': {
      parameters: [{ $ref: '#/components/parameters/Id' }],
      get: { operationId: 'get', tags: ['Rooms'], responses: {} },
      delete: { operationId: 'delete', tags: ['Rooms'], responses: {} },
    },
  },
  components: {
    parameters: { Id: { name: 'id', in: 'path', required: true } },
    schemas: {
      Room: {
        required: ['id'],
        properties: {
          id: { type: 'string', description: 'its id' },
          size: { type: ['integer', 'null'], minimum: 0, maximum: 9 },
          region: { enum: ['eu', null] },
          hook: { $ref: '#/components/schemas/Hook' },
          hooks: { type: 'array', items: { $ref: '#/components/schemas/Hook' } },
        },
      },
      Hook: { type: 'object', properties: { url: { type: 'string' } } },
    },
  },
};

test('calls are found under their tag, with the parameters of their path', () => {
  const calls = callsByTag(all);
  expect(calls.get('Rooms')?.map((call) => call.method)).toEqual(['get', 'delete']);
  expect(calls.get('Rooms')?.[0]?.parameters[0]?.name).toBe('id');
  expect(calls.get('Empty')).toEqual([]);
});

test('fields say what they are', () => {
  const fields = fieldsOf(all, { allOf: [{ $ref: '#/components/schemas/Room' }] });
  expect(fields.map((field) => [field.name, field.kind, field.required])).toEqual([
    ['id', 'string', true],
    ['size', 'integer 0…9', false],
    ['region', '"eu" | null', false],
    ['hook', 'Hook', false],
    ['hooks', 'Hook[]', false],
  ]);
  expect(fields[0]?.description).toBe('its id');
});

test('what refers to nothing is an object', () => {
  expect(kindOf(all, { $ref: '#/components/schemas/None' })).toBe('None');
  expect(fieldsOf(all, undefined)).toEqual([]);
});

test('the first example is shown', () => {
  expect(exampleOf({ 'application/json': { examples: { a: { value: 1 } } } })).toBe(1);
  expect(exampleOf(undefined)).toBeUndefined();
});
