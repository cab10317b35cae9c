import type { Config } from '../config/index.ts'
import { readOverrides, ViewError } from '../http/index.ts'
import type { Finding } from './finding.ts'
import { shippedViews } from './views/folder.ts'

/** Templates of the operator's own: usable, and made from the ones that are shipped now? Nothing where there are none. */
export function examineViews({ looks: { viewsDir } }: Pick<Config, 'looks'>): Finding[] {
  if (viewsDir === undefined) return []
  const what = 'templates'
  try {
    const overrides = readOverrides(shippedViews, viewsDir)
    const behind = overrides.filter(({ state }) => state !== 'current').map(({ name }) => name)
    if (behind.length === 0)
      return [{ what, ok: true, said: `${overrides.length} of your own, all up to date` }]
    const said = `not made from what is shipped now: ${behind.join(', ')}`
    return [{ what, ok: false, said, remedy: 'cardea views check says what has changed.' }]
  } catch (error) {
    if (!(error instanceof ViewError)) throw error
    return [{ what, ok: false, said: 'cannot be used', remedy: error.message }]
  }
}
