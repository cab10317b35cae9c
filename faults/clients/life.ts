import { setTimeout as sleep } from 'node:timers/promises'
import type { Person } from '../../test/support/people.ts'
import type { Random } from '../random.ts'
import { createBrowser } from './browser.ts'
import type { Browser, Code } from './browser.ts'
import type { Cast } from './cast.ts'
import type { Client, Family } from './family.ts'
import type { Operator } from './operator.ts'
import type { Recorder } from './recorder.ts'

export type Lived = { family: Family; ended: boolean }

type Deps = {
  issuer: string
  cast: Cast
  person: Person
  recorder: Recorder
  client: Client
  operator: Operator
  random: Random
}

/** Of everything that ended, so much is tried again. */
const PROBES = 3

/**
 * One person with their browsers and their apps, over and over until told to stop: signs in, uses what they get in every way, ends it in
 * one of the ways there are, and tries again what has ended. Gives every family of tokens there has been.
 */
export async function live(deps: Deps, signal: AbortSignal): Promise<Lived[]> {
  const lived: Lived[] = []
  for (let nth = 0; !signal.aborted; nth += 1)
    await episode(deps, `${deps.person.id.slice(-8)}#${nth}`, lived, signal)
  return lived
}

async function episode(deps: Deps, name: string, lived: Lived[], signal: AbortSignal): Promise<void> {
  const { issuer, cast, person, recorder, client, random } = deps
  const browser = createBrowser({ issuer, person, recorder, random, name })
  const [first, second] = random.shuffle([cast.web, cast.spa])
  if (!first || !second) return
  const code = await browser.signIn(first)
  if (!code) return sleep(random.between(50, 300))
  const own: Lived[] = []
  const take = (family: Family | null) => {
    if (!family) return false
    own.push({ family, ended: false })
    lived.push(...own.slice(-1))
    return true
  }
  const isOnlyUse = !random.chance(0.4)
  const joined = isOnlyUse
    ? take(await client.redeem(code, random.pick([0, 1]), true))
    : await race(client, code, take)
  if (random.chance(0.5)) {
    const other = await browser.silently(second)
    if (other) take(await client.redeem(other, random.pick([0, 1]), true))
  }
  // Kept for later: what is not used up must be dead as well, once its session is. Only while nothing has ended the grant.
  const pending = joined && isOnlyUse && random.chance(0.5) ? await browser.silently(first) : null
  const turns = Math.floor(random.between(2, 10))
  for (let turn = 0; turn < turns && !signal.aborted; turn += 1) {
    const one = own[Math.floor(random.next() * own.length)]
    if (one) await useSomehow(deps, one.family)
    await sleep(random.between(10, 150))
  }
  if (!signal.aborted || random.chance(0.5)) await end(deps, { browser, own, pending })
}

async function race(client: Client, code: Code, take: (family: Family | null) => boolean): Promise<boolean> {
  const won = await Promise.all([client.redeem(code, 0), client.redeem(code, 1)])
  return won.map(take).includes(true)
}

async function useSomehow({ client, random }: Deps, family: Family): Promise<void> {
  const held = family.accessTokens[Math.floor(random.next() * family.accessTokens.length)]
  const [instance, choice] = [random.pick([0, 1]), random.next()]
  if (choice < 0.35 && held) await client.use(held, instance)
  else if (choice < 0.5 && held && !family.app.rotates) await client.introspect(held, family.app, instance)
  else if (choice < 0.65) {
    // In two windows at once, as a single-page app does.
    const other = { ...family, accessTokens: [] }
    await Promise.all([client.refresh(family, 0), client.refresh(other, 1)])
    if (other.accessTokens.length > 0) family.refreshToken = other.refreshToken
    family.accessTokens.push(...other.accessTokens)
  } else await client.refresh(family, instance, true)
}

async function end(
  deps: Deps,
  { browser, own, pending }: { browser: Browser; own: Lived[]; pending: Code | null },
): Promise<void> {
  const { client, operator, person, random } = deps
  const choice = random.next()
  const [one] = own
  /** What goes on at the same moment: its answers may say either, and what they bring must be dead afterwards. */
  const meanwhile = own.map(async ({ family }) => {
    await sleep(random.between(0, 60))
    await client.refresh(family, random.pick([0, 1]))
  })
  const over = (which: Lived[]) => {
    for (const lived of which) lived.ended = true
    return which
  }
  let ended: Lived[] = []
  let isSessionOver = true
  if (choice < 0.25) {
    isSessionOver = false
    if (one && (await client.revoke(one.family, random.pick([0, 1])))) ended = over([one])
  } else if (choice < 0.6) {
    if (await browser.signOut()) ended = over(own)
  } else if (choice < 0.75) {
    if (await operator.disable(person.id)) ended = over(own)
  } else if (choice < 0.9) {
    if (await operator.revoke(person.id)) ended = over(own)
  } else isSessionOver = false
  await Promise.all(meanwhile)
  for (const { family } of ended) await probe(deps, family)
  if (ended.length > 0 && pending) await client.redeem(pending, random.pick([0, 1]))
  if (ended.length > 0 && isSessionOver) await browser.silently(random.pick([deps.cast.web, deps.cast.spa]))
  if (choice >= 0.6 && choice < 0.75) await comeBack(deps)
}

/** Tries what has ended. */
async function probe({ client, random }: Deps, family: Family): Promise<void> {
  for (const held of family.accessTokens.slice(-PROBES)) await client.use(held, random.pick([0, 1]))
  if (!family.app.rotates && family.accessTokens[0])
    await client.introspect(family.accessTokens[0], family.app, random.pick([0, 1]))
  await client.refresh({ ...family }, random.pick([0, 1]))
}

/** Somebody who was disabled tries to sign in, now and then, and is enabled again. */
async function comeBack({ issuer, person, recorder, random, operator, cast }: Deps): Promise<void> {
  if (random.chance(0.3)) {
    const browser = createBrowser({
      issuer,
      person,
      recorder,
      random,
      name: `${person.id.slice(-8)}-disabled`,
    })
    await browser.signIn(cast.web)
  }
  while (!(await operator.enable(person.id))) await sleep(200)
}
