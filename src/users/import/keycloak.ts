import { toBase32 } from './base32.ts'
import { checkDraft } from './draft.ts'
import { fieldsInText, fieldsOf, joined, listOf, numberIn, textOr } from './fields.ts'
import type { ImportFormat } from './imported-user.ts'

type Fields = Record<string, unknown>

/**
 * Users of a realm as `kc.sh export` writes them: `credentials` with JSON inside of JSON. Passwords by pbkdf2 and argon2, authenticators by
 * TOTP of six digits, 30 seconds and SHA-1. Other credentials (security keys, recovery codes, those of extensions) are second factors that
 * stay behind. Keycloak's ids are UUIDs and are kept.
 */
export const keycloak: ImportFormat = {
  read(record) {
    const user = fieldsOf(record)
    if (!user) return { ok: false, reason: 'not_a_user', email: null }
    if (user['serviceAccountClientId'] !== undefined)
      return { ok: false, reason: 'service_account', email: null }
    const credentials = listOf(user['credentials']).map(fieldsOf)
    const ofType = (type: string) => credentials.filter((each) => each?.['type'] === type)
    const password = ofType('password').at(0)
    const actions = listOf(user['requiredActions'])
    return checkDraft({
      email: user['email'],
      emailVerified: user['emailVerified'],
      name: joined(user['firstName'], user['lastName']),
      locale: listOf(fieldsOf(user['attributes'])?.['locale'])[0],
      disabled: user['enabled'] === false,
      id: user['id'],
      passwordHash: password ? hashOf(password) : null,
      totp: ofType('otp').map((credential) => credential && totpOf(credential)),
      otherFactors: credentials.filter((each) => each && !isKnown.has(each['type'])).length,
      mustEnrolFactor: actions.some((action) => enrols.has(action)),
      hasAction: actions.some((action) => !enrols.has(action)),
    })
  },
}

// Old passwords, and tickets of a domain, are no second factors; whatever else there is may be one.
const isKnown: ReadonlySet<unknown> = new Set(['password', 'password-history', 'kerberos', 'otp'])

/** What somebody was to do at their next sign-in there, and has to do at the next one here. */
const enrols: ReadonlySet<unknown> = new Set([
  'CONFIGURE_TOTP',
  'webauthn-register',
  'webauthn-register-passwordless',
])

/** The hash as a PHC string; undefined for an algorithm that is none of ours, null where a policy provider kept no value. */
function hashOf(credential: Fields): string | undefined {
  const data = fieldsInText(credential['credentialData']) ?? credential
  const secret = fieldsInText(credential['secretData']) ?? {}
  const value = base64In(secret['value'] ?? credential['hashedSaltedValue'])
  const salt = base64In(secret['salt'] ?? credential['salt'])
  const iterations = numberIn(data['hashIterations'])
  const algorithm = data['algorithm']
  if (value === undefined || salt === undefined || iterations === undefined) return undefined
  if (algorithm === 'argon2')
    return argon2Of(fieldsOf(data['additionalParameters']) ?? {}, { iterations, salt, value })
  const digest = { pbkdf2: 'sha1', 'pbkdf2-sha256': 'sha256', 'pbkdf2-sha512': 'sha512' }[String(algorithm)]
  return digest && `$pbkdf2-${digest}$i=${iterations}$${salt}$${value}`
}

function argon2Of(
  parameters: Fields,
  { iterations, salt, value }: { iterations: number; salt: string; value: string },
): string | undefined {
  const first = (name: string) => textOr(listOf(parameters[name])[0]) ?? ''
  const version = { '1.3': 19, '1.0': 16 }[first('version')]
  const costs = `m=${first('memory')},t=${iterations},p=${first('parallelism')}`
  if (version === undefined) return undefined
  return `$argon2${first('type')}$v=${version}$${costs}$${salt}$${value}`
}

/** Keycloak's secret is text whose bytes are the key, unless it says that it is base32. */
function totpOf(credential: Fields): { secret: string; name: unknown } | undefined {
  const data = fieldsInText(credential['credentialData']) ?? {}
  const secret = fieldsInText(credential['secretData'])?.['value']
  const isOurs =
    data['subType'] === 'totp' &&
    numberIn(data['digits'] ?? 6) === 6 &&
    numberIn(data['period'] ?? 30) === 30 &&
    [undefined, null, 'HmacSHA1', 'SHA1'].includes(data['algorithm'] as string)
  if (!isOurs || typeof secret !== 'string') return undefined
  const isBase32 = data['secretEncoding'] === 'BASE32'
  return { secret: isBase32 ? secret : toBase32(Buffer.from(secret)), name: credential['userLabel'] }
}

// Keycloak pads its base64, PHC strings do not.
function base64In(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Za-z0-9+/]+={0,2}$/.test(value)
    ? value.replaceAll('=', '')
    : undefined
}
