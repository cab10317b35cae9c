import type { ApiDocument, ApiField } from '../../http/index.ts'
import type { OpenApi, Operation } from './openapi.ts'
import type { JsonSchema } from './schemas.ts'

/** The OpenAPI document as the page at /docs shows it: everything is text, and sorted as people look for it. */
export function pageOf(api: OpenApi): ApiDocument {
  const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  )
  return {
    title: api.info.title,
    version: api.info.version,
    description: api.info.description,
    groups: api.tags
      .map(({ name, description }) => ({
        name,
        description,
        operations: operations
          .filter(({ operation }) => operation.tags.includes(name))
          .map(({ path, method, operation }) => shown(path, method, operation)),
      }))
      .filter((group) => group.operations.length > 0),
    schemas: Object.entries(api.components.schemas).map(([name, schema]) => ({
      name,
      type: typeOf(schema),
      fields: fieldsOf(schema),
    })),
  }
}

function shown(path: string, method: string, operation: Operation) {
  const [content] = Object.values(operation.requestBody?.content ?? {})
  return {
    ...{ path, method },
    id: operation.operationId,
    summary: operation.summary,
    description: operation.description,
    scope: operation.security.flatMap((one) => Object.values(one).flat()).join(' '),
    parameters: (operation.parameters ?? []).map(({ name, in: place, required, description, schema }) => ({
      ...{ name, required, description },
      type: `${typeOf(schema)}, ${place}`,
    })),
    body: content && {
      type: typeOf(content.schema),
      schema: nameOf(content.schema),
      example: content.example === undefined ? undefined : JSON.stringify(content.example, null, 2),
    },
    responses: Object.entries(operation.responses).map(([status, { description, content: given }]) => {
      const [[, body] = []] = Object.entries(given ?? {})
      return {
        ...{ status, description },
        schema: body && nameOf(body.schema),
        example: body?.example === undefined ? undefined : JSON.stringify(body.example, null, 2),
      }
    }),
  }
}

function fieldsOf(schema: JsonSchema): ApiField[] {
  const required = (schema['required'] ?? []) as string[]
  return Object.entries((schema['properties'] ?? {}) as Record<string, JsonSchema>).map(([name, one]) => ({
    name,
    type: typeOf(one),
    required: required.includes(name),
    description: one['description'] as string | undefined,
  }))
}

function nameOf({ $ref }: JsonSchema): string | undefined {
  return typeof $ref === 'string' ? $ref.split('/').at(-1) : undefined
}

/** A schema's type in a few words. */
function typeOf(schema: JsonSchema): string {
  const name = nameOf(schema)
  if (name !== undefined) return name
  const { type, format, enum: values, anyOf, items } = schema
  if (Array.isArray(anyOf)) return (anyOf as JsonSchema[]).map(typeOf).join(' or ')
  if (Array.isArray(values)) return values.map((value) => JSON.stringify(value)).join(' | ')
  if (type === 'array') return `list of ${typeOf((items ?? {}) as JsonSchema)}`
  const plain = Array.isArray(type) ? type.join(' or ') : typeof type === 'string' ? type : 'any'
  return typeof format === 'string' ? `${plain} (${format})` : plain
}
