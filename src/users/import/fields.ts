/** A record's fields, or undefined for what is no record. JSON of strangers: nothing about it is known. */
export function fieldsOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined
}

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

/** The fields of JSON that stands as text inside of JSON; undefined when it is none. */
export function fieldsInText(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== 'string') return fieldsOf(value)
  try {
    return fieldsOf(JSON.parse(value))
  } catch {
    return undefined
  }
}

/** Names joined by a space; null when there are none. */
export function joined(...names: unknown[]): string | null {
  const parts = names.filter((name) => typeof name === 'string' && name.trim() !== '')
  return parts.length === 0 ? null : parts.join(' ')
}

export function textOr(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

export function numberIn(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined
}
