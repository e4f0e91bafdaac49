// The parts of an OpenAPI 3.1 description that a reader of the API page needs, and the following
// of its references.

export interface Schema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  allOf?: Schema[];
  anyOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  format?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  additionalProperties?: boolean | Schema;
}

export interface Parameter {
  $ref?: string;
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema?: Schema;
}

interface Content {
  'application/json'?: {
    schema?: Schema;
    example?: unknown;
    examples?: Record<string, { value: unknown }>;
  };
}

export interface Answer {
  $ref?: string;
  description?: string;
  content?: Content;
}

export interface Operation {
  operationId: string;
  tags?: string[];
  summary?: string;
  description?: string;
  parameters?: Parameter[];
  requestBody?: { content: Content; required?: boolean };
  responses: Record<string, Answer>;
  security?: Record<string, string[]>[];
}

export interface Description {
  info: { title: string; version: string; description?: string };
  tags: { name: string; description?: string }[];
  paths: Record<string, Record<string, unknown>>;
  components: Record<string, Record<string, unknown>>;
  security?: Record<string, string[]>[];
}

export interface Call {
  method: string;
  path: string;
  parameters: Parameter[];
  operation: Operation;
}

const METHODS = ['get', 'post', 'delete'];

// What a reference names; anything else is itself.
export function resolve<T extends { $ref?: string }>(all: Description, value: T): T {
  if (!value.$ref) return value;
  const [, , kind, name] = value.$ref.split('/');
  return (all.components[kind ?? '']?.[name ?? ''] ?? {}) as T;
}

// The calls of each tag, in the order of the description.
export function callsByTag(all: Description): Map<string, Call[]> {
  const calls = new Map<string, Call[]>(all.tags.map((tag) => [tag.name, []]));
  for (const [path, item] of Object.entries(all.paths)) {
    const shared = (item.parameters ?? []) as Parameter[];
    for (const method of METHODS) {
      const operation = item[method] as Operation | undefined;
      if (!operation) continue;
      const parameters = [...shared, ...(operation.parameters ?? [])].map((one) =>
        resolve(all, one),
      );
      calls.get(operation.tags?.[0] ?? '')?.push({ method, path, parameters, operation });
    }
  }
  return calls;
}

export interface Field {
  name: string;
  kind: string;
  required: boolean;
  description: string;
}

// What may stand in a place, in a few words.
export function kindOf(all: Description, given: Schema): string {
  const name = given.$ref?.split('/').at(-1);
  const schema = resolve(all, given);
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(' | ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.anyOf && !schema.type)
    return schema.anyOf.map((one) => kindOf(all, one)).join(' | ');
  const types = [schema.type ?? 'object'].flat().filter((type) => type !== 'null');
  const kind = types
    .map((type) => {
      if (type === 'array') return schema.items ? `${kindOf(all, schema.items)}[]` : 'array';
      if (type === 'object') return name ?? 'object';
      return schema.format ?? type;
    })
    .join(' | ');
  return kind + rangeOf(schema);
}

function rangeOf({ minimum, maximum }: Schema): string {
  if (minimum === undefined && maximum === undefined) return '';
  return ` ${minimum ?? ''}…${maximum ?? ''}`;
}

export function fieldsOf(all: Description, given: Schema | undefined): Field[] {
  if (!given) return [];
  const schema = resolve(all, given);
  const parts = [schema, ...(schema.allOf ?? []).map((one) => resolve(all, one))];
  const required = new Set(parts.flatMap((part) => part.required ?? []));
  const fields = new Map<string, Field>();
  for (const part of parts.flatMap((one) => [
    one,
    ...(one.allOf ?? []).map((in_) => resolve(all, in_)),
  ])) {
    for (const [name, property] of Object.entries(part.properties ?? {})) {
      fields.set(name, {
        name,
        kind: kindOf(all, property),
        required: required.has(name),
        description: resolve(all, property).description ?? property.description ?? '',
      });
    }
  }
  return [...fields.values()];
}

export function exampleOf(content: Content | undefined): unknown {
  const json = content?.['application/json'];
  return json?.example ?? Object.values(json?.examples ?? {})[0]?.value;
}
