import { normaliseEmail } from '../email.ts'
import { readHashParameters } from '../hash-parameters.ts'
import { normaliseName } from '../name.ts'
import { readOldHash } from '../old-hashes/old-hash.ts'
import { isUserId } from '../user-id.ts'
import { fromBase32, toBase32 } from './base32.ts'
import { textOr } from './fields.ts'
import type { ImportWarning, ReadUser } from './imported-user.ts'

/** A user as a format has found one in a record, nothing of it checked. */
export type Draft = {
  email: unknown
  emailVerified?: unknown
  name?: unknown
  locale?: unknown
  disabled?: boolean
  id?: unknown
  /** Null: there is none. Undefined: there is one in a form that is not known here. */
  passwordHash: string | null | undefined
  /** Base32; undefined for one of a kind that we do not offer. */
  totp?: ({ secret: string; name?: unknown } | undefined)[]
  /** How many second factors of other kinds there are: security keys, recovery codes, phones. None can be taken along. */
  otherFactors?: number
  /** They were to set up a second factor at their next sign-in. */
  mustEnrolFactor?: boolean
  /** They were to do something else there that is asked of nobody here. */
  hasAction?: boolean
  hasRole?: boolean
}

/** Checks a draft. What is wrong with the address refuses the record; anything else is left behind with a warning. */
export function checkDraft(draft: Draft): ReadUser {
  const { email: given } = draft
  if (typeof given !== 'string' || given.trim() === '') return { ok: false, reason: 'no_email', email: null }
  const email = normaliseEmail(given)
  if (email === null) return { ok: false, reason: 'email_invalid', email: given.slice(0, 254) }
  const warnings: ImportWarning[] = []
  const keep = <T>(value: T | undefined, warning: ImportWarning): T | null => {
    if (value === undefined) warnings.push(warning)
    return value ?? null
  }
  const name = keep(normaliseName(textOr(draft.name)), 'name_dropped')
  const passwordHash = checkHash(draft.passwordHash, warnings)
  const id = draft.id === undefined || draft.id === null ? null : keep(subjectOf(draft.id), 'id_replaced')
  const totp = (draft.totp ?? [])
    .map((device) => keep(checkTotp(device), 'factor_unsupported'))
    .filter((device) => device !== null)
  for (let left = draft.otherFactors ?? 0; left > 0; left -= 1) warnings.push('factor_unsupported')
  // Whoever had a second factor must not be left with a password alone where the policy lets people choose.
  const wasToHaveOne = draft.mustEnrolFactor === true || warnings.includes('factor_unsupported')
  const mustEnrolFactor = totp.length === 0 && wasToHaveOne
  if (draft.hasAction) warnings.push('action_dropped')
  if (draft.hasRole) warnings.push('role_dropped')
  const locale = localeOf(draft.locale)
  const user = {
    email,
    emailVerified: draft.emailVerified === true,
    name,
    locale,
    disabled: draft.disabled ?? false,
  }
  return { ok: true, user: { ...user, id, passwordHash, totp, mustEnrolFactor, warnings } }
}

function checkHash(hash: string | null | undefined, warnings: ImportWarning[]): string | null {
  if (hash === null) warnings.push('no_password')
  if (hash === null) return null
  const read = hash === undefined ? ({ ok: false, reason: 'unsupported' } as const) : readOldHash(hash)
  if (!read.ok) {
    warnings.push(read.reason === 'unsupported' ? 'hash_unsupported' : 'hash_too_costly')
    return null
  }
  // Without a system's own prefix, argon2id is what we store ourselves.
  const { hash: old } = read
  return old.kind === 'argon2' && readHashParameters(old.phc) ? old.phc : (hash ?? null)
}

type Totp = { secret: string; name: string | null }

/** In the one spelling that codes are checked with. Seeds below 128 bits are left behind: RFC 4226 section 4 asks for as many. */
function checkTotp(device: { secret: string; name?: unknown } | undefined): Totp | undefined {
  const seed = device && device.secret.length <= 400 ? fromBase32(device.secret) : null
  if (!seed || seed.length < 16 || seed.length > 128) return undefined
  const name = normaliseName(textOr(device?.name))
  return { secret: toBase32(seed), name: name && name.length <= 60 ? name : null }
}

function subjectOf(id: unknown): string | undefined {
  return typeof id === 'string' && isUserId(id) ? id.toLowerCase() : undefined
}

function localeOf(locale: unknown): string | null {
  return typeof locale === 'string' && /^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}$/.test(locale)
    ? locale.replaceAll('_', '-')
    : null
}
