import type { Context } from 'koa'
import { HttpProblem } from '../../http/index.ts'
import { kindOf } from './problem-types.ts'
import type { ProblemType } from './problem-types.ts'

/** Where in the body (a JSON pointer, RFC 6901) or which parameter of the address, and what is wrong with it. */
export type Fault = { pointer?: string; parameter?: string; detail: string }

type Details = {
  /** A sentence about this occurrence; never with a secret or with text of the request. */
  detail?: string
  errors?: readonly Fault[]
  headers?: Record<string, string>
}

/** Thrown to answer with a problem of a known type. Inside a mutation it takes everything back. */
export class AdminProblem extends HttpProblem {
  readonly type: ProblemType
  readonly detail: string | undefined
  readonly errors: readonly Fault[] | undefined

  constructor(type: ProblemType, { detail, errors, headers }: Details = {}) {
    super(kindOf(type).status, { reason: type, ...(headers && { headers }) })
    this.type = type
    this.detail = detail
    this.errors = errors
  }
}

// What the house's own middleware says in statuses. Anything else it may throw is a malformed request.
const byStatus: Record<number, ProblemType> = {
  404: 'not_found',
  405: 'method_not_allowed',
  413: 'content_too_large',
  415: 'unsupported_media_type',
  421: 'misdirected_request',
  429: 'too_many_requests',
  500: 'internal_error',
  503: 'unavailable',
}

/** The `describe` of the error handler on this listener: every error as problem+json (RFC 9457), for everybody. */
export function describeProblem(ctx: Context, problem: HttpProblem): { type: string; body: string } {
  const type =
    problem instanceof AdminProblem ? problem.type : (byStatus[problem.status] ?? 'malformed_request')
  const { detail, errors } = problem instanceof AdminProblem ? problem : {}
  return {
    type: 'application/problem+json',
    body: JSON.stringify({
      type: `urn:cardea:problem:${type}`,
      title: kindOf(type).title,
      status: problem.status,
      ...(detail !== undefined && { detail }),
      instance: `urn:cardea:request:${ctx.state.requestId}`,
      ...(errors && { errors }),
    }),
  }
}
