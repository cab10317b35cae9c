interface Answer {
  title: string
  message: string
  /** An OAuth error code (RFC 6749 §5.2, §4.1.2.1), or the nearest word for it. */
  code: string
}

const answers: Record<number, Answer> = {
  400: {
    title: 'That request cannot be read',
    message: 'Something in the address or the form is malformed. Please go back and try again.',
    code: 'invalid_request',
  },
  403: {
    title: 'This form cannot be trusted',
    message:
      'It did not come from our own page, or that page was open too long. Please go back and start again.',
    code: 'access_denied',
  },
  404: {
    title: 'There is nothing here',
    message: 'This address leads nowhere. Please check it, or start again at the app you came from.',
    code: 'not_found',
  },
  405: {
    title: 'That is not possible here',
    message: 'This address does not take that kind of request.',
    code: 'invalid_request',
  },
  413: {
    title: 'That was too much',
    message: 'The form sent more than we accept. Please shorten it and try again.',
    code: 'invalid_request',
  },
  415: {
    title: 'That cannot be read',
    message: 'The request was sent in a format that is not accepted here.',
    code: 'invalid_request',
  },
  421: {
    title: 'This is the wrong address',
    message: 'The request was meant for another server. Please check the address.',
    code: 'invalid_request',
  },
  429: {
    title: 'Please slow down',
    message: 'There were too many requests from your network. Please wait a moment and try again.',
    code: 'temporarily_unavailable',
  },
  500: {
    title: 'Something went wrong',
    message: 'The fault is ours. Please try again; if it stays, tell us the reference below.',
    code: 'server_error',
  },
  503: {
    title: 'We are not available right now',
    message: 'The service is busy or just starting. Please try again in a moment.',
    code: 'temporarily_unavailable',
  },
}

interface Details {
  /** A word for the log that says why. Never shown. */
  reason?: string
  title?: string
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
  readonly title: string
  readonly code: string
  readonly reason: string | undefined
  readonly headers: Record<string, string>
  readonly sendNow: boolean

  constructor(status: number, details: Details = {}) {
    const answer = answers[status] ?? answers[status < 500 ? 400 : 500]
    super(details.message ?? answer?.message)
    this.status = status
    this.statusCode = status
    this.title = details.title ?? answer?.title ?? ''
    this.code = details.code ?? answer?.code ?? 'server_error'
    this.reason = details.reason
    this.headers = details.headers ?? {}
    this.sendNow = details.sendNow ?? false
  }
}
