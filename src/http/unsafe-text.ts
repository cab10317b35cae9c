/**
 * Whether a parsed value holds a NUL character anywhere, in names as well as in values. PostgreSQL stores none
 * (SQLSTATE 22021), so it has to be turned away before anything is looked up (HT-06).
 */
export function hasNul(value: unknown): boolean {
  return someText(value, (text) => text.includes('\0'))
}

/** Whether a parsed value holds half of a surrogate pair anywhere: text that no UTF-8 can carry. */
export function hasLoneSurrogate(value: unknown): boolean {
  return someText(value, (text) => !text.isWellFormed())
}

// Walks with a list of its own: a body nested thousands of levels deep must not exhaust the call stack.
function someText(value: unknown, test: (text: string) => boolean): boolean {
  const waiting = [value]
  while (waiting.length > 0) {
    const part = waiting.pop()
    if (typeof part === 'string' && test(part)) return true
    if (typeof part !== 'object' || part === null) continue
    for (const [name, inner] of Object.entries(part)) {
      if (test(name)) return true
      waiting.push(inner)
    }
  }
  return false
}

/**
 * Decodes one percent-encoded component strictly: every `%` is followed by two hex digits, and the bytes are
 * well-formed UTF-8 without overlong forms, surrogates or NUL. Returns undefined otherwise.
 */
export function decodeStrictly(component: string): string | undefined {
  try {
    const text = decodeURIComponent(component)
    return hasNul(text) || hasLoneSurrogate(text) ? undefined : text
  } catch {
    return undefined
  }
}
