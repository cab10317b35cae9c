import { setTimeout as sleep } from 'node:timers/promises'
import { signIn } from './browser.ts'
import type { App, Person } from './browser.ts'
import { createApp } from './family.ts'
import type { Family } from './family.ts'
import type { Observer } from './observer.ts'

export type Cast = { issuer: string; person: Person; apps: readonly [App, App] }

const PAUSE_MS = 50

/** Signs in, refreshes, uses and revokes, over and over until told to stop; gives every family of tokens that came of it. */
export async function live(
  observer: Observer,
  { issuer, person, apps }: Cast,
  nth: number,
  signal: AbortSignal,
): Promise<Family[]> {
  const client = createApp(observer, issuer)
  const families: Family[] = []
  const isOver = () => signal.aborted
  for (let turn = nth; !isOver(); turn += 1) {
    const app = apps[turn % 2 === 0 ? 0 : 1]
    const code = await signIn(observer, issuer, person, app)
    const family = code && (await client.redeem(app, code, turn % 5 === 0))
    if (!family) continue
    families.push(family)
    for (let round = 0; round < 4 && !isOver(); round += 1) {
      await client.use(family)
      if (!(await client.refresh(family, round === 2))) {
        families.pop()
        break
      }
      await sleep(PAUSE_MS)
    }
    if (families.at(-1) === family && turn % 3 !== 0) {
      await client.revoke(family)
      await client.use(family)
    }
  }
  return families
}

/** Looks at everything once more: what was handed out works, what was revoked does not. */
export async function verify(
  observer: Observer,
  { issuer }: Cast,
  families: readonly Family[],
): Promise<void> {
  const client = createApp(observer, issuer)
  for (const family of families) {
    await client.use(family)
    await client.refresh(family, false)
  }
}
