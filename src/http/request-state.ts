import type { Language } from '../language/index.ts'
import type { RequestTarget } from './request-target.ts'

/** What this room leaves in `ctx.state` for those behind it. */
interface RequestState {
  /** Names this request in logs, error pages and the X-Request-Id header. */
  requestId: string
  /** The client's address, never taken from a header of an untrusted peer. */
  ip: string
  /** The caller's span, as a trusted proxy names it (W3C Trace Context). */
  traceparent?: string
  /** The route's pattern out of a bounded table (`/interaction/:uid`), or `other`. Never a raw path. */
  route: string
  /** The request target as it was sent; `ctx.url` holds only its path and query. */
  target: RequestTarget
  /** The language of whatever page this request is answered with. */
  language: Language
  /** What it falls back to: the server's. */
  fallbackLanguage?: Language
  /** Where GET answers with the page that this request is answered with; undefined when there is no such address. */
  here?: string | undefined
  /** Why a guard turned the request away, as a code for the log. */
  refused?: string
  /** Aborted when the request has been answered with 503 for its age: nothing may be committed after that. */
  deadline?: AbortSignal
  /** Origins a form on this page may lead to besides ourselves; see `formActionSource`. */
  formAction?: readonly string[]
  /** This page needs one of our scripts: see `pagePolicy`. */
  scripts?: boolean
}

declare module 'koa' {
  // Merging with Koa's own interface is how it is meant to be typed; it cannot be done with a type alias.
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type
  interface DefaultState extends RequestState {}
}
