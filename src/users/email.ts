const localPart = /^[^\s@\p{C}\p{Z}"(),:;<>[\]\\]{1,64}$/u
const label = /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])?$/u

/**
 * The one spelling under which an address is stored and looked up: trimmed, NFC, lower case.
 * Returns null for what is no address: wrong syntax, more than 254 octets (RFC 5321 section 4.5.3.1.3), control or
 * invisible characters, unpaired surrogates. Quoted local parts and address literals are refused on purpose.
 */
export function normaliseEmail(input: string): string | null {
  if (input.length > 1024 || !input.isWellFormed()) return null
  const email = input.trim().normalize('NFC').toLowerCase().normalize('NFC')
  if (Buffer.byteLength(email) > 254) return null
  const at = email.lastIndexOf('@')
  return at > 0 && isLocalPart(email.slice(0, at)) && isDomain(email.slice(at + 1)) ? email : null
}

function isLocalPart(text: string): boolean {
  return localPart.test(text) && !text.startsWith('.') && !text.endsWith('.') && !text.includes('..')
}

function isDomain(text: string): boolean {
  const labels = text.split('.')
  return labels.length >= 2 && labels.every((part) => label.test(part))
}
