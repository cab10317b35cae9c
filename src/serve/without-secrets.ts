const HIDDEN = '[redacted]'
const DEEPEST = 6

/** Fields that are secrets whatever they hold. Compared without case and without `-` and `_`. */
const secretNames =
  /^(authorization|proxyauthorization|cookies?|setcookie|password|currentpassword|newpassword|secret|clientsecret|clientassertion|assertion|token|accesstoken|refreshtoken|idtoken|idtokenhint|logouttoken|devicecode|usercode|codeverifier|otp|totp|recoverycode|recoverycodes|apikey|privatekey|keyring|headers|rawheaders|body|query|params)$/

/** Errors say `code` too, and theirs are names. */
const errorNames = new Set(['error', 'err', 'cause'])
/** What stands in sentences: a credential behind its scheme, and secrets as parameters of an address. */
const inText =
  /\b(Bearer|Basic|DPoP)\s+[\w.~+/=-]{8,}|\b(code|token|access_token|refresh_token|id_token|id_token_hint|client_secret|password|device_code|code_verifier)=[^\s&"']+/gi
/** The password of an address, `scheme://user:password@host`. */
const inAddress = /\b([a-z][a-z\d+.-]*:\/\/[^\s:/@]*):[^\s/@]+@/gi

/**
 * What of a log line may be written: fields named like credentials are replaced, whoever wrote them and however deep, and so are
 * credentials in texts. The last line of defence: nothing here is meant to log one (AD-13).
 */
export function withoutSecrets(fields: Record<string, unknown>): Record<string, unknown> {
  return cleaned(fields, '', 0) as Record<string, unknown>
}

/** The same for a sentence. */
export function textWithoutSecrets(text: string): string {
  return text
    .replace(inText, (_all, scheme?: string, name?: string) =>
      scheme === undefined ? `${name ?? ''}=${HIDDEN}` : `${scheme} ${HIDDEN}`,
    )
    .replace(inAddress, `$1:${HIDDEN}@`)
}

function cleaned(value: unknown, name: string, depth: number): unknown {
  if (typeof value === 'string') return textWithoutSecrets(value)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  // Bytes are a key or a digest; an error may quote what it was about.
  if (depth >= DEEPEST || ArrayBuffer.isView(value)) return HIDDEN
  if (value instanceof Error) return `${value.name}: ${textWithoutSecrets(value.message)}`
  if (Array.isArray(value)) return value.map((one) => cleaned(one, name, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      isSecret(key, one, name) ? HIDDEN : cleaned(one, key, depth + 1),
    ]),
  )
}

function isSecret(key: string, value: unknown, parent: string): boolean {
  // A number is a count or an exit code.
  if (typeof value === 'number' || typeof value === 'boolean' || value === undefined) return false
  if (key.toLowerCase() === 'code') return !errorNames.has(parent)
  return secretNames.test(key.replaceAll(/[-_]/g, '').toLowerCase())
}
