import type { Facts } from './facts.ts'

/** At most one success per code. */
export function codesWorkOnce({ presenting }: Facts): string[] {
  return [...presenting].flatMap(([key, requests]) => {
    const accepted = requests.filter(
      ({ presents, verdict }) => presents?.kind === 'code' && verdict === 'accepted',
    )
    return accepted.length > 1 ? [`${key} was redeemed ${accepted.length} times`] : []
  })
}

/** However often a refresh token is presented: it has one successor. And in the end each family has one living member. */
export function familiesHaveOneMember({ presenting, entries }: Facts): string[] {
  const forked = [...presenting].flatMap(([key, requests]) => {
    const successors = new Set(
      requests.flatMap(({ presents, issues = [] }) =>
        presents?.kind === 'refresh'
          ? issues.filter(({ kind }) => kind === 'refresh').map(({ id }) => id)
          : [],
      ),
    )
    return successors.size > 1 ? [`${key} has ${successors.size} successors`] : []
  })
  const crowded = entries.flatMap((entry) =>
    entry.type === 'family' && entry.living > 1
      ? [`the family of ${entry.id} has ${entry.living} living members`]
      : [],
  )
  return [...forked, ...crowded]
}
