/**
 * Decodes canonical, unpadded base64url (RFC 4648 §5, §3.5).
 * Node's own decoder skips foreign characters and ignores the unused bits of the last one, so many spellings would
 * open as the same bytes; here exactly one does. Returns undefined for every other spelling.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}
