import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { adminScopeWords } from '../../clients/index.ts'
import { kindOf, problemTypes } from '../frame/problem-types.ts'
import type { ProblemType } from '../frame/problem-types.ts'
import type { Route } from '../frame/route.ts'
import { schemaWriter } from './schemas.ts'
import type { JsonSchema, SchemaWriter } from './schemas.ts'

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

export type OpenApi = {
  openapi: '3.1.0'
  info: Record<string, unknown> & { title: string; version: string; description: string }
  servers: { url: string; description: string }[]
  security: Record<string, string[]>[]
  tags: { name: string; description: string }[]
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, JsonSchema>; securitySchemes: Record<string, unknown> }
}

export type Operation = {
  operationId: string
  tags: string[]
  summary: string
  description?: string
  security: Record<string, string[]>[]
  parameters?: Parameter[]
  requestBody?: { required: boolean; content: Record<string, { schema: JsonSchema; example?: unknown }> }
  responses: Record<string, OpenApiResponse>
}

export type Parameter = {
  name: string
  in: 'path' | 'query' | 'header'
  required: boolean
  description?: string
  schema: JsonSchema
}

export type OpenApiResponse = {
  description: string
  headers?: Record<string, { description: string; schema: JsonSchema }>
  content?: Record<string, { schema: JsonSchema; example?: unknown }>
}

/** The OpenAPI 3.1 document of the routes: made from the very schemas that validate. */
export function openApiOf(
  routes: readonly Route[],
  { issuer, tags }: { issuer: string; tags: Record<string, string> },
): OpenApi {
  const writer = schemaWriter()
  const problem = writer.write(problemSchema, 'output')
  const paths: OpenApi['paths'] = {}
  for (const route of routes) {
    const path = `/v1${route.path.replaceAll(/:(\w+)/g, '{$1}')}`
    ;(paths[path] ??= {})[route.method.toLowerCase()] = operationOf(route, writer, problem)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Cardea admin API',
      version,
      summary: 'Users, clients, access, and how it ends',
      description:
        'Access tokens come from this server itself, for the audience `urn:cardea:api:admin`: by client credentials for machines, by a sign-in with a second factor for people. Errors are RFC 9457 problems. Lists come in pages (`limit`, `cursor`, `Link`). A POST takes an `Idempotency-Key`; PATCH and DELETE of what can change between need `If-Match`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The operations listener' }],
    security: [{ oauth2: [] }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths,
    components: { schemas: writer.components(), securitySchemes: securitySchemes(issuer) },
  }
}

function securitySchemes(issuer: string): Record<string, unknown> {
  const scopes = { ...adminScopeWords }
  const tokenUrl = `${issuer}/token`
  return {
    oauth2: {
      type: 'oauth2',
      description: 'A token of this server for the audience `urn:cardea:api:admin`.',
      flows: {
        clientCredentials: { tokenUrl, scopes },
        authorizationCode: { authorizationUrl: `${issuer}/authorize`, tokenUrl, scopes },
      },
    },
  }
}

function operationOf(route: Route, writer: SchemaWriter, problem: JsonSchema): Operation {
  const parameters = parametersOf(route, writer)
  const takesBody =
    ['POST', 'PUT', 'PATCH'].includes(route.method) && Object.keys(route.body.shape).length > 0
  const type = route.method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
  const example = route.example === undefined ? {} : { example: route.example as unknown }
  return {
    operationId: route.operationId,
    tags: [route.tag],
    summary: route.summary,
    ...(route.description !== undefined && { description: route.description }),
    security: [{ oauth2: [route.scope] }],
    ...(parameters.length > 0 && { parameters }),
    ...(takesBody && {
      requestBody: {
        required: route.bodyOptional !== true,
        content: { [type]: { schema: writer.write(route.body, 'input'), ...example } },
      },
    }),
    responses: {
      [String(route.success.status)]: successOf(route, writer),
      ...problemResponses(route, problem),
    },
  }
}

function successOf(route: Route, writer: SchemaWriter): OpenApiResponse {
  const { description, schema, example } = route.success
  const shown =
    route.paged === true && example !== undefined ? { items: example, next_cursor: null } : example
  const headers = {
    ...(route.paged === true && { Link: header('The next page, while there is one (RFC 8288).') }),
    ...(route.success.status === 201 && { Location: header('Where it is, if it can be read again.') }),
  }
  return {
    description,
    ...(Object.keys(headers).length > 0 && { headers }),
    ...(route.produces !== undefined && { content: { [route.produces]: { schema: { type: 'string' } } } }),
    ...(route.produces === undefined &&
      schema && {
        content: {
          'application/json': {
            schema: writer.write(schema, 'output'),
            ...(shown !== undefined && { example: shown }),
          },
        },
      }),
  }
}

/** Every problem that a route can answer with, by its status. */
function problemsOf(route: Route): ProblemType[] {
  const takesContent = ['POST', 'PUT', 'PATCH'].includes(route.method)
  const own = route.problems ?? []
  const generic: (ProblemType | false)[] = [
    'malformed_request',
    'invalid_parameter',
    route.paged === true && 'invalid_cursor',
    'unauthenticated',
    'invalid_token',
    'insufficient_user_authentication',
    'insufficient_scope',
    route.idempotent && 'request_in_progress',
    route.ifMatch === true && 'precondition_failed',
    takesContent && 'content_too_large',
    takesContent && 'unsupported_media_type',
    takesContent && 'invalid_content',
    route.idempotent && 'idempotency_key_reused',
    route.ifMatch === true && 'precondition_required',
    'too_many_requests',
    'unavailable',
  ]
  return [...new Set([...generic.filter((type) => type !== false), ...own])]
}

function problemResponses(route: Route, schema: JsonSchema): Record<string, OpenApiResponse> {
  const responses: Record<string, OpenApiResponse> = {}
  for (const type of problemsOf(route)) {
    const { status, title } = kindOf(type)
    const known = responses[String(status)]?.description
    const headers = headersOf(status)
    responses[String(status)] = {
      description: `${known === undefined ? '' : `${known}; `}${title} (\`${type}\`)`,
      ...(headers && { headers }),
      content: { 'application/problem+json': { schema } },
    }
  }
  return responses
}

function headersOf(status: number): OpenApiResponse['headers'] | undefined {
  if (status === 401 || status === 403) return { 'WWW-Authenticate': header('RFC 6750') }
  if (status === 429 || status === 503) return { 'Retry-After': header('Seconds') }
  return undefined
}

function header(description: string): { description: string; schema: JsonSchema } {
  return { description, schema: { type: 'string' } }
}

function parametersOf(route: Route, writer: SchemaWriter): Parameter[] {
  const from = (place: 'path' | 'query', schema: z.ZodObject): Parameter[] =>
    Object.entries(schema.shape).map(([name, one]) => {
      const { description, ...rest } = writer.write(one as z.ZodType, 'input')
      return {
        name,
        in: place,
        required: place === 'path' || !(one as z.ZodType).safeParse(undefined).success,
        ...(typeof description === 'string' && { description }),
        schema: rest,
      }
    })
  const headers: Parameter[] = []
  if (route.ifMatch === true)
    headers.push(
      headerParameter('If-Match', true, 'The ETag of what you have read (RFC 9110 section 13.1.1).'),
    )
  if (route.idempotent)
    headers.push(
      headerParameter(
        'Idempotency-Key',
        false,
        'Up to 255 characters of your choice: sent again within a day with the same request, it gets the same answer and nothing happens twice.',
      ),
    )
  return [...from('path', route.params), ...from('query', route.query), ...headers]
}

function headerParameter(name: string, required: boolean, description: string): Parameter {
  return { name, in: 'header', required, description, schema: { type: 'string', maxLength: 1000 } }
}

const problemSchema = z
  .strictObject({
    type: z.enum(Object.keys(problemTypes).map((type) => `urn:cardea:problem:${type}`)),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    instance: z.string().meta({ description: 'Names the request, as `X-Request-Id` and the log do.' }),
    errors: z
      .array(
        z.strictObject({
          pointer: z.string().optional().meta({ description: 'A JSON pointer into the body (RFC 6901).' }),
          parameter: z.string().optional(),
          detail: z.string(),
        }),
      )
      .optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457' })
