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
  /** Begins everybody's life; resolves, once told to stop, with the families of tokens that came of it. */
  live(signal: AbortSignal): Promise<Lived[]>
  /** Signs somebody new in on every instance and uses the tokens; true when all of it worked at the first try. */
  canSignIn(): Promise<boolean>
  /** Tries everything that ever was handed out once more, the newest first, so many at most. */
  verify(lived: readonly Lived[], most: number): Promise<void>
}

const PEOPLE = 6

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
  let attempts = 0
  return {
    async live(signal) {
      const everybody = Array.from({ length: PEOPLE }, (_, nth) => live(deps(nth), signal))
      return (await Promise.all(everybody)).flat()
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
