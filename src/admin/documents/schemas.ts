import { z } from 'zod'

export type JsonSchema = Record<string, unknown>

export type SchemaWriter = {
  /** A schema as JSON Schema: a reference where it has an id, and what it refers to kept for `components`. */
  write(schema: z.ZodType, io: 'input' | 'output'): JsonSchema
  components(): Record<string, JsonSchema>
}

/** Turns the schemas that validate into JSON Schema (2020-12), those with an id into named components. */
export function schemaWriter(): SchemaWriter {
  const components: Record<string, JsonSchema> = {}

  return {
    write(schema, io) {
      // One level around it, so that a schema with an id becomes a reference also when it stands on top.
      const wrapped = z.toJSONSchema(z.strictObject({ it: schema }), {
        io,
        unrepresentable: 'any',
        override: ({ zodSchema, jsonSchema }) => {
          const openapi = z.globalRegistry.get(zodSchema as unknown as z.ZodType)?.['openapi'] as
            JsonSchema | undefined
          if (!openapi) return
          const { description } = jsonSchema
          for (const key of Object.keys(jsonSchema)) Reflect.deleteProperty(jsonSchema, key)
          Object.assign(jsonSchema, openapi, description === undefined ? {} : { description })
        },
      }) as unknown as { properties: { it: JsonSchema }; $defs?: Record<string, JsonSchema> }
      for (const [id, definition] of Object.entries(wrapped.$defs ?? {})) {
        const { id: _id, ...rest } = definition
        components[id] = relocated(rest)
      }
      return relocated(wrapped.properties.it)
    },
    components: () => Object.fromEntries(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}

/** References to where the components are. */
function relocated(schema: JsonSchema): JsonSchema {
  const text = JSON.stringify(schema, (key, value: unknown) =>
    key === '$ref' && typeof value === 'string' ? value.replace('#/$defs/', '#/components/schemas/') : value,
  )
  return JSON.parse(text) as JsonSchema
}
