import type { Readable } from 'node:stream'
import { z } from 'zod'
import type { Actor } from '../../audit/index.ts'
import type { AdminScope } from '../../clients/index.ts'
import type { Tx } from '../../db/index.ts'
import type { AdminDeps } from '../deps.ts'
import type { Caller } from './caller.ts'
import type { ProblemType } from './problem-types.ts'

/** What a handler gets: everything has been authenticated, authorized, counted and validated before. */
export type Call<P = unknown, Q = unknown, B = unknown> = {
  /** In a route that changes something the transaction of the request: whatever is thrown takes everything back. */
  db: Tx
  deps: AdminDeps
  caller: Caller
  /** For every audit event and receipt of this request. */
  actor: Actor
  ip: string
  params: P
  query: Q
  body: B
  /** Of a paged list: how many to give, and the position that the page before ended with. */
  page: { limit: number; after: string | undefined }
  /** Compares If-Match with the representation, to be read under a lock; throws 412. Must be called where `ifMatch` is declared. */
  requireMatch(representation: unknown): void
}

/** What a handler gives back. `next` belongs to a paged list, whose body is then `items` alone. */
export type Reply<R> = {
  body?: R
  headers?: Record<string, string>
  /** The position at which the next page begins; null on the last one. */
  next?: string | null
  /** Instead of a body, of the type that the route's `produces` names. */
  stream?: Readable
}

type Definition<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodObject, R extends z.ZodType> = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below /v1, with `:name` for a parameter: `/users/:id`. */
  path: string
  operationId: string
  tag: string
  /** A short sentence without a full stop. */
  summary: string
  description?: string
  /** The one scope it needs. */
  scope: AdminScope
  /** What the path's parameters must look like; an id that cannot exist is better answered with 404 by the handler. */
  params?: P
  query?: Q
  /** Only these fields are taken. Without one only an empty body or `{}` is. */
  body?: B
  /** The body may be left out, which is like `{}`. */
  bodyOptional?: boolean
  success: { status: 200 | 201 | 202 | 204; description: string; schema?: R; example?: z.input<R> }
  /** Another media type than application/json, for a `stream`. */
  produces?: string
  /** A list in pages: `limit` and `cursor` are read, `items` and `next_cursor` answered. */
  paged?: boolean
  /** A POST that only reads: no transaction, no idempotency key. */
  readOnly?: boolean
  /** If-Match is required: 428 without it; the handler must call `requireMatch`. */
  ifMatch?: boolean
  /** Problems of its own, besides those every route of its kind may answer with. */
  problems?: readonly ProblemType[]
  /** Bodies that work, for the documents. */
  example?: z.input<B>
  handler(call: Call<z.output<P>, z.output<Q>, z.output<B>>): Promise<Reply<z.input<R>>>
}

/** A route as the router, the document and the tests read it. */
export type Route = Omit<Definition<z.ZodObject, z.ZodObject, z.ZodObject, z.ZodType>, 'handler'> & {
  params: z.ZodObject
  query: z.ZodObject
  body: z.ZodObject
  /** Whether it runs in a transaction. */
  changes: boolean
  /** Whether an Idempotency-Key is honoured. */
  idempotent: boolean
  handler(call: Call): Promise<Reply<unknown>>
}

const nothing = z.strictObject({})

/** Without a leading zero, sign or fraction; the document shows it as the integer it is. */
const limit = z
  .string()
  .regex(/^[1-9]\d{0,2}$/, 'must be a whole number from 1 to 200')
  .transform(Number)
  .refine((value) => value <= 200, 'must be a whole number from 1 to 200')
  .default(50)
  .meta({
    description: 'How many to give at most.',
    openapi: { type: 'integer', minimum: 1, maximum: 200, default: 50 },
  })
const cursor = z
  .string()
  .min(1)
  .max(2000)
  .optional()
  .meta({ description: 'Where to go on: `next_cursor` of the page before, or follow the Link header.' })

/** Defines one route: the router, the validation, the document, the page and the authorization matrix are made from it. */
export function route<
  P extends z.ZodObject = typeof nothing,
  Q extends z.ZodObject = typeof nothing,
  B extends z.ZodObject = typeof nothing,
  R extends z.ZodType = z.ZodNever,
>(definition: Definition<P, Q, B, R>): Route {
  const changes = definition.method !== 'GET' && definition.readOnly !== true
  const { query = nothing, success, paged = false } = definition
  return {
    ...(definition as unknown as Route),
    params: definition.params ?? nothing,
    query: paged ? query.extend({ limit, cursor }) : query,
    success: paged && success.schema ? { ...success, schema: pageOf(success.schema) } : success,
    body: definition.body ?? nothing,
    bodyOptional: definition.bodyOptional ?? !definition.body,
    changes,
    idempotent: changes && definition.method === 'POST',
  }
}

function pageOf(items: z.ZodType): z.ZodType {
  return z.strictObject({ items, next_cursor: z.string().nullable() })
}
