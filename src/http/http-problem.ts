import { text, translate } from '../language/index.ts'
import type { Text } from '../language/index.ts'

interface Answer {
  title: Text
  message: Text
  /** An OAuth error code (RFC 6749 §5.2, §4.1.2.1), or the nearest word for it. */
  code: string
}

const malformed: Answer = {
  title: text('errors:http.400.title'),
  message: text('errors:http.400.message'),
  code: 'invalid_request',
}

const failed: Answer = {
  title: text('errors:http.500.title'),
  message: text('errors:http.500.message'),
  code: 'server_error',
}

const answers: Record<number, Answer> = {
  400: malformed,
  403: {
    title: text('errors:http.403.title'),
    message: text('errors:http.403.message'),
    code: 'access_denied',
  },
  404: {
    title: text('errors:http.404.title'),
    message: text('errors:http.404.message'),
    code: 'not_found',
  },
  405: {
    title: text('errors:http.405.title'),
    message: text('errors:http.405.message'),
    code: 'invalid_request',
  },
  413: {
    title: text('errors:http.413.title'),
    message: text('errors:http.413.message'),
    code: 'invalid_request',
  },
  415: {
    title: text('errors:http.415.title'),
    message: text('errors:http.415.message'),
    code: 'invalid_request',
  },
  421: {
    title: text('errors:http.421.title'),
    message: text('errors:http.421.message'),
    code: 'invalid_request',
  },
  429: {
    title: text('errors:http.429.title'),
    message: text('errors:http.429.message'),
    code: 'temporarily_unavailable',
  },
  500: failed,
  503: {
    title: text('errors:http.503.title'),
    message: text('errors:http.503.message'),
    code: 'temporarily_unavailable',
  },
}

interface Details {
  /** A word for the log that says why. Never shown. */
  reason?: string
  /** A sentence for programs, in English; people read the text of the status. */
  message?: string
  code?: string
  headers?: Record<string, string>
  /** Send it in the same turn, so that work still running for this request cannot add to the answer. */
  sendNow?: boolean
}

/**
 * Thrown to answer a request with an error that may be shown: a status, a plain sentence, an OAuth error code.
 * Texts default to those of the status. They are the same for everybody: never put anything of the request into them.
 */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem'
  readonly status: number
  readonly statusCode: number
  readonly expose = true
  /** What a page says, in the reader's language. */
  readonly page: { title: Text; message: Text }
  readonly code: string
  readonly reason: string | undefined
  readonly headers: Record<string, string>
  readonly sendNow: boolean

  constructor(status: number, details: Details = {}) {
    const answer = answers[status] ?? (status < 500 ? malformed : failed)
    super(details.message ?? translate('en', answer.message))
    this.status = status
    this.statusCode = status
    this.page = { title: answer.title, message: answer.message }
    this.code = details.code ?? answer.code
    this.reason = details.reason
    this.headers = details.headers ?? {}
    this.sendNow = details.sendNow ?? false
  }
}
