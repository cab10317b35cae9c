/**
 * Every kind of problem the API answers with (RFC 9457): stable names, each with one status. A resource adds its own here.
 * `audited` ones are denials: they are recorded, because somebody tried what they may not.
 */
export const problemTypes = {
  malformed_request: { status: 400, title: 'The request cannot be read' },
  invalid_parameter: { status: 400, title: 'A parameter of the address is not valid' },
  invalid_cursor: { status: 400, title: 'The cursor is not one of this list' },
  unauthenticated: { status: 401, title: 'An access token is needed' },
  invalid_token: { status: 401, title: 'The access token is not accepted' },
  insufficient_user_authentication: { status: 401, title: 'A second factor is needed', audited: true },
  insufficient_scope: { status: 403, title: 'The access token does not reach this far', audited: true },
  target_holds_more: { status: 403, title: 'The other one holds more than you do', audited: true },
  not_found: { status: 404, title: 'There is nothing here' },
  method_not_allowed: { status: 405, title: 'This address does not take that method' },
  request_in_progress: { status: 409, title: 'The first request with this key is still running' },
  email_taken: { status: 409, title: 'The email address belongs to somebody' },
  last_owner: { status: 409, title: 'The last owner stays', audited: true },
  own_account: { status: 409, title: 'Not your own account', audited: true },
  user_disabled: { status: 409, title: 'The user is disabled' },
  no_mail: { status: 409, title: 'This server sends no mail' },
  mailbox_full: { status: 409, title: 'The user got too many mails lately' },
  registration_closed: { status: 409, title: 'No new accounts are being made' },
  client_id_taken: { status: 409, title: 'The client id belongs to a client' },
  own_client: { status: 409, title: 'Not the client that you call as', audited: true },
  built_in: { status: 409, title: 'It is part of Cardea itself', audited: true },
  no_secret: { status: 409, title: 'The client does not authenticate with a secret' },
  identifier_taken: { status: 409, title: 'The identifier belongs to a resource server' },
  introspection_client_taken: { status: 409, title: 'Another resource server introspects as that client' },
  rotation_under_way: { status: 409, title: 'A key of this algorithm is announced already' },
  last_signing_key: { status: 409, title: 'The only key that signs stays', audited: true },
  job_running: { status: 409, title: 'The job is being done' },
  mail_not_failed: { status: 409, title: 'The mail was not given up' },
  mail_ended: { status: 409, title: 'What the mail carried has come to its end' },
  webhook_disabled: { status: 409, title: 'The webhook is disabled' },
  precondition_failed: { status: 412, title: 'It has changed since you read it' },
  content_too_large: { status: 413, title: 'The request is too large' },
  unsupported_media_type: { status: 415, title: 'This media type is not accepted' },
  misdirected_request: { status: 421, title: 'The request was meant for another server' },
  invalid_content: { status: 422, title: 'The content is not valid' },
  idempotency_key_reused: { status: 422, title: 'The key was used for another request' },
  precondition_required: { status: 428, title: 'If-Match is needed' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  internal_error: { status: 500, title: 'Something went wrong here' },
  unavailable: { status: 503, title: 'Not available right now' },
} as const satisfies Record<string, ProblemKind>

type ProblemKind = { status: number; title: string; audited?: boolean }

export type ProblemType = keyof typeof problemTypes

export function kindOf(type: ProblemType): ProblemKind {
  return problemTypes[type]
}
