import type { ListedEvent } from '../audit/index.ts'
import { EVENT } from './event-types.ts'

/** What an event of the audit means to a receiver, before it is known who the receiver is. */
export type Signal = {
  type: string
  /** Whom it is about; undefined: whose session it is. */
  userId: string | undefined
  /** The session that it is about, if it is about one. */
  sessionUid?: string
  body: Record<string, unknown>
  /** Claims that changed: their values are for those who may see them. */
  claims?: readonly ClaimName[]
  /** The level that a sign-in reached; whether that is a change, the sign-ins before it tell. */
  level?: string
}

export type ClaimName = 'name' | 'email' | 'email_verified'

type Mapping = (event: ListedEvent) => Signal[]

/** What an event of the audit means in the words of CAEP 1.0 and RISC 1.0; nothing for most. */
export function signalsOf(event: ListedEvent): Signal[] {
  return mappings[event.type]?.(event) ?? []
}

const mappings: Record<string, Mapping> = {
  // One that ended by a revocation is told of with that.
  'session.ended': (event) =>
    event.detail['revocation_id'] === undefined && event.session_id !== undefined
      ? [caep(event, EVENT.sessionRevoked, 'The user signed out', {}, event.session_id)]
      : [],
  'access.revoked': accessRevoked,
  'session.started': (event) => {
    const { amr, acr } = event.detail
    const body = {
      ...(typeof acr === 'string' ? { acr } : {}),
      ...(Array.isArray(amr) ? { amr: amr as string[] } : {}),
    }
    const signal = caep(event, EVENT.sessionEstablished, 'The user signed in', body, event.session_id)
    return event.session_id === undefined
      ? []
      : [{ ...signal, ...(typeof acr === 'string' ? { level: acr } : {}) }]
  },
  'user.password_changed': (event) => [credential(event, 'password', 'update', 'The password was changed')],
  'factor.totp_added': (event) => [credential(event, 'app', 'create', 'An authenticator app was added')],
  'factor.totp_removed': (event) => [
    credential(event, 'app', removal(event), 'An authenticator app was removed'),
    ...changeRequired(event),
  ],
  'factor.passkey_added': (event) => [
    credential(event, passkeyTypes(event)[0] ?? 'fido2-platform', 'create', 'A passkey was added'),
  ],
  'factor.passkey_removed': (event) => [
    ...passkeyTypes(event).map((type) => credential(event, type, removal(event), 'A passkey was removed')),
    ...changeRequired(event),
  ],
  'factor.recovery_codes_generated': (event) => [risc(event, EVENT.recoveryInformationChanged)],
  'sign_in.recovery_code_used': (event) => [risc(event, EVENT.recoveryActivated)],
  'user.password_reset_started': (event) => [
    risc(event, isByOperator(event) ? EVENT.accountCredentialChangeRequired : EVENT.recoveryActivated),
  ],
  'user.updated': userUpdated,
  'user.disabled': (event) => [risc(event, EVENT.accountDisabled)],
  'user.enabled': (event) => [risc(event, EVENT.accountEnabled)],
  'user.deleted': (event) => [risc(event, EVENT.accountPurged)],
}

/** One session, or all of a user's: what a revocation of a client or a grant ends is no session. */
function accessRevoked(event: ListedEvent): Signal[] {
  const selector = (event.detail['selector'] ?? {}) as Record<string, unknown>
  const { reason } = event.detail
  const because = `Access was revoked: ${typeof reason === 'string' ? reason : 'no reason was given'}`
  if (typeof selector['session_id'] === 'string')
    return [caep(event, EVENT.sessionRevoked, because, {}, selector['session_id'])]
  const isWholeUser = typeof selector['user_id'] === 'string' && selector['client_id'] === undefined
  return isWholeUser ? [caep(event, EVENT.sessionRevoked, because)] : []
}

function userUpdated(event: ListedEvent): Signal[] {
  const fields = (event.detail['fields'] ?? []) as string[]
  const claims = fields.flatMap((field): ClaimName[] =>
    field === 'name' || field === 'email' ? [field] : field === 'emailVerified' ? ['email_verified'] : [],
  )
  return [
    ...(claims.length > 0
      ? [{ ...caep(event, EVENT.tokenClaimsChange, `The account was changed: ${fields.join(', ')}`), claims }]
      : []),
    // RISC 1.0 section 2.6: whoever is not the authority over an address says this instead of identifier-changed.
    ...(fields.includes('email') ? [risc(event, EVENT.recoveryInformationChanged)] : []),
  ]
}

function credential(event: ListedEvent, type: string, change: string, because: string): Signal {
  const aaguid = event.detail['aaguid']
  return caep(event, EVENT.credentialChange, because, {
    ...{ credential_type: type, change_type: change },
    ...(typeof aaguid === 'string' && type.startsWith('fido2') ? { fido2_aaguid: aaguid } : {}),
  })
}

/** Where it lives decides: in the device that signs in, or in one that is carried along. */
function passkeyTypes({ detail }: ListedEvent): string[] {
  const kinds = detail['kinds']
  if (!Array.isArray(kinds) || kinds.length === 0)
    return [detail['deviceType'] === 'single_device' ? 'fido2-roaming' : 'fido2-platform']
  return [...new Set(kinds.map((kind) => (kind === 'roaming' ? 'fido2-roaming' : 'fido2-platform')))]
}

/** What its owner removes is deleted; what an operator takes away is revoked. */
function removal(event: ListedEvent): string {
  return isByOperator(event) ? 'revoke' : 'delete'
}

/** Whoever lost all factors to an operator has to set up another at the next sign-in. */
function changeRequired(event: ListedEvent): Signal[] {
  const isReset = event.detail['device'] === undefined && event.detail['passkey'] === undefined
  return isReset && isByOperator(event) ? [risc(event, EVENT.accountCredentialChangeRequired)] : []
}

function caep(
  event: ListedEvent,
  type: string,
  because: string,
  body: Record<string, unknown> = {},
  sessionUid?: string,
): Signal {
  return {
    ...{ type, userId: event.user_id },
    ...(sessionUid === undefined ? {} : { sessionUid }),
    body: {
      ...body,
      event_timestamp: secondsOf(event),
      initiating_entity: initiatingEntity(event),
      // The interoperability profile (sections 3.1 and 3.2) wants a reason that is not empty.
      reason_admin: { en: because },
    },
  }
}

/** The events of RISC have no attributes of their own; when it happened is the token's `toe`. */
function risc(event: ListedEvent, type: string): Signal {
  return { type, userId: event.user_id, body: {} }
}

function initiatingEntity({ actor, type }: ListedEvent): string {
  if (actor?.via === 'admin_api' || actor?.via === 'cli') return 'admin'
  if (actor?.via === 'security_tool') return 'policy'
  if (actor?.via === 'user' || (actor === undefined && !type.startsWith('access.'))) return 'user'
  return 'system'
}

function isByOperator({ actor }: ListedEvent): boolean {
  return actor?.via === 'admin_api' || actor?.via === 'cli'
}

function secondsOf({ at }: Pick<ListedEvent, 'at'>): number {
  return Math.floor(Date.parse(at) / 1000)
}
