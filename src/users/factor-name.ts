/** What somebody calls a factor of theirs: trimmed, NFC, one line of at most 60 characters. Null for none, undefined for one that cannot be shown. */
export function normaliseFactorName(input: string | null | undefined): string | null | undefined {
  const name = (input ?? '').trim().normalize('NFC')
  if (name === '') return null
  return Array.from(name).length <= 60 && name.isWellFormed() && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name)
    ? name
    : undefined
}
