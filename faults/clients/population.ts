import { setTimeout as sleep } from 'node:timers/promises'
import { createRandom } from '../random.ts'
import type { Journal } from '../journal.ts'
import type { Stage } from '../stage.ts'
import { createBrowser } from './browser.ts'
import { prepareCast } from './cast.ts'
import { createClient } from './family.ts'
import { live } from './life.ts'
import type { Lived } from './life.ts'
import { createOperator } from './operator.ts'
import { createRecorder } from './recorder.ts'

export type Population = {
  /** Has the webhook told of what operators do. */
  hear(): Promise<void>
  /**
   * Begins everybody's life, and that of an operator who lets the webhook go on when it has failed; resolves, once told to stop, with
   * the families of tokens that came of it.
   */
  live(signal: AbortSignal): Promise<Lived[]>
  /** Signs somebody new in on every instance and uses the tokens; true when all of it worked at the first try. */
  canSignIn(): Promise<boolean>
  /** Tries everything that ever was handed out once more, the newest first, so many at most. */
  verify(lived: readonly Lived[], most: number): Promise<void>
}

const PEOPLE = 6
const WATCHED_EVERY_MS = 4000

/** Everybody who takes part, and what they do. */
export async function prepare(stage: Stage, seed: number, journal: Journal): Promise<Population> {
  const cast = await prepareCast(stage, PEOPLE + 1)
  const recorder = createRecorder(stage, journal)
  const client = createClient(recorder)
  const deps = (nth: number) => ({
    ...{ cast, recorder, client, issuer: stage.issuer },
    person: cast.people[nth] as (typeof cast.people)[number],
    operator: createOperator(cast, recorder, nth % 2),
    random: createRandom(seed, nth),
  })
  const watcher = createOperator(cast, recorder, 0)
  let attempts = 0
  let webhook = ''

  /** It would come again by itself in five minutes, which is longer than a run; and a last time when everything is well. */
  async function watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(WATCHED_EVERY_MS, undefined, { signal }).catch(() => undefined)
      await watcher.resume(webhook)
    }
  }
  return {
    async hear() {
      webhook = await watcher.hear(stage.receiver.webhook)
    },
    async live(signal) {
      const everybody = Array.from({ length: PEOPLE }, (_, nth) => live(deps(nth), signal))
      const [lived] = await Promise.all([Promise.all(everybody), watch(signal)])
      return lived.flat()
    },
    async canSignIn() {
      const { person, issuer, random } = deps(PEOPLE)
      const browser = createBrowser({ issuer, person, recorder, random, name: `recovery#${(attempts += 1)}` })
      const code = await browser.signIn(cast.web)
      const family = code && (await client.redeem(code, 0))
      if (!family) return false
      await client.refresh(family, 1)
      return family.accessTokens.length === 2
    },
    async verify(lived, most) {
      for (const { family } of lived.toReversed().slice(0, most)) {
        for (const held of family.accessTokens.slice(-2)) await client.use(held, 0, true)
        await client.refresh(family, 1, true)
      }
    },
  }
}
