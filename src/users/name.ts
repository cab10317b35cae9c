/** A person's name as it is kept: trimmed, NFC. Null for no name, undefined for one that cannot be shown. */
export function normaliseName(input: string | null | undefined): string | null | undefined {
  const name = (input ?? '').trim().normalize('NFC')
  if (name === '') return null
  return name.length <= 200 && name.isWellFormed() && !/\p{Cc}/u.test(name) ? name : undefined
}
