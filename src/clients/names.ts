import type { MetadataProblem } from './metadata.ts'

/** Why this name or id cannot be a client's: every problem at once. */
export function identityProblems({ id, name }: { id?: string | undefined; name: string }): MetadataProblem[] {
  const problems = nameProblems(name)
  if (id !== undefined && !/^[A-Za-z0-9._~-]{1,100}$/.test(id))
    problems.push({ field: 'client_id', message: 'use 1 to 100 letters, digits, dots, dashes, underscores' })
  // A client's own tokens carry its id as `sub`: it must never look like a user (RFC 9700 section 4.15).
  if (id !== undefined && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id))
    problems.push({ field: 'client_id', message: 'must not have the form of a user id' })
  return problems
}

/** Why people cannot be shown this name. */
export function nameProblems(name: string): MetadataProblem[] {
  const problems: MetadataProblem[] = []
  if (name.trim().length === 0 || name.length > 100)
    problems.push({ field: 'client_name', message: 'needs 1 to 100 characters' })
  if (/\p{Cc}/u.test(name) || !name.isWellFormed())
    problems.push({ field: 'client_name', message: 'contains control characters' })
  return problems
}
