import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { openApiOf } from '../../src/admin/documents/openapi.ts'
import type { OpenApi } from '../../src/admin/documents/openapi.ts'
import { adminRoutes, tags } from '../../src/admin/routes.ts'
import { openApiPath } from './admin-scenario.ts'
import type { Answer } from './http-client.ts'

export const document: OpenApi = openApiOf(adminRoutes, { issuer: 'http://localhost:3000', tags })

const ajv = new Ajv2020({ strict: false, allErrors: true })
formats.default(ajv)
ajv.addSchema(document, 'api')

/** Which answers of which operations have been seen. */
export type Seen = Map<string, Set<string>>

/**
 * Compares an answer with the document: throws when its status is not documented for this operation or its body is not what is
 * documented, and when an error is no problem+json (AD-12).
 */
export function compare(method: string, path: string, answer: Answer, seen: Seen): void {
  const pattern = patternOf(path.split('?')[0] ?? '')
  const operation = pattern === undefined ? undefined : document.paths[pattern]?.[method.toLowerCase()]
  const status = String(answer.status)
  const type = answer.headers['content-type']?.split(';')[0] ?? ''
  if (answer.status >= 400) {
    if (type !== 'application/problem+json') throw new Error(`${method} ${path}: ${status} is ${type}`)
    assertValid('api#/components/schemas/Problem', answer.text, `${method} ${path} ${status}`)
  }
  if (!operation || pattern === undefined) return
  const response = operation.responses[status]
  if (!response)
    throw new Error(`${operation.operationId} does not document ${status}: ${answer.text.slice(0, 300)}`)
  seen.set(operation.operationId, (seen.get(operation.operationId) ?? new Set()).add(status))
  const [documented] = Object.keys(response.content ?? {})
  if (documented === undefined) {
    if (answer.text !== '') throw new Error(`${operation.operationId} ${status} has a body`)
    return
  }
  if (documented !== type) throw new Error(`${operation.operationId} ${status} is ${type}, not ${documented}`)
  if (!documented.endsWith('json') || documented.endsWith('ndjson')) return
  const parts = ['paths', pattern, method.toLowerCase(), 'responses', status, 'content', documented, 'schema']
  const pointer = parts.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
  assertValid(`api#/${pointer.join('/')}`, answer.text, `${operation.operationId} ${status}`)
}

function assertValid(schema: string, text: string, what: string): void {
  const validate = ajv.getSchema(schema)
  if (!validate) throw new Error(`no schema at ${schema}`)
  if (validate(JSON.parse(text)) !== true)
    throw new Error(
      `${what} is not as documented: ${ajv.errorsText(validate.errors)} in ${text.slice(0, 500)}`,
    )
}

const patterns = Object.keys(document.paths).map((path) => ({
  path,
  regExp: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
}))

function patternOf(path: string): string | undefined {
  const exact = document.paths[path] ? path : undefined
  return exact ?? patterns.find(({ regExp }) => regExp.test(path))?.path
}

/** An operation's documented statuses. */
export function statusesOf(operationId: string): string[] {
  const route = adminRoutes.find((one) => one.operationId === operationId)
  if (!route) throw new Error(`no operation ${operationId}`)
  const operation = document.paths[openApiPath(route)]?.[route.method.toLowerCase()]
  return Object.keys(operation?.responses ?? {})
}
