import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { randomSecret } from '../../src/crypto/index.ts'
import { continueRevocations, revoke } from '../../src/oidc/index.ts'
import type { RevocationOptions, Selector } from '../../src/oidc/index.ts'
import { setDisabled } from '../../src/users/index.ts'
import { prepareAccess } from '../support/copied-access.ts'
import type { Access } from '../support/copied-access.ts'
import { addApi, addClient, addPerson, publicClient } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { addTokens } from '../support/revoked.ts'
import { randomFrom } from '../support/seeded.ts'
import { startTestServer } from '../support/server.ts'
import type { Instance } from '../support/server.ts'
import { distinct, isAlive, lanesOf, ownTokenLane, play } from '../support/access-lanes.ts'
import type { Cast, Lane, Try } from '../support/access-lanes.ts'

/** In all; `RACE_ROUNDS=1000` makes sure. */
const ROUNDS = Number(process.env['RACE_ROUNDS'] ?? 54)
const seed = Number(process.env['RACE_SEED'] ?? Date.now() % 1_000_000)
const random = randomFrom(seed)
let cast: Cast
let person: Person
let copy: () => Promise<Access>
beforeAll(async () => {
  const cookieKey = randomSecret()
  const server = await startTestServer({ instances: 2, env: { CARDEA_COOKIE_KEYS: cookieKey } })
  const grants = ['authorization_code', 'refresh_token', 'client_credentials']
  const web = await addClient(server, { firstParty: true, metadata: { grant_types: grants } })
  const spa = await addClient(server, { firstParty: true, metadata: publicClient })
  const { identifier: resource } = (await addApi(server, { format: 'jwt' })) as { identifier: string }
  person = await addPerson(server)
  const scope = 'openid offline_access orders:read'
  copy = await prepareAccess(server, { web, spa, person, cookieKey }, { scope, resource })
  cast = { server, web, spa, resource }
})
afterAll(() => cast.server.stop())

type End = {
  selector(access: Access): Selector
  options?(access: Access): Partial<RevocationOptions>
  /** The lanes that what is ended covers; the others may go on, or begin anew. */
  covers(lane: string): boolean
  /** Who is signed in stays signed in. */
  leavesSessions?: boolean
  /** More tokens than one transaction ends. */
  many?: boolean
  disables?: boolean
}

const byClient = (lane: string) =>
  /^refresh( for an API)?$|code exchange|introspection|admin API|sign-in being resumed/.test(lane)
const byGrant = (lane: string) => /^refresh( for an API)?$|introspection|admin API/.test(lane)
const all = (lane: string) => lane !== 'client credentials'
const byUser = () => ({ userId: person.id })
const ends: [string, End][] = [
  ['user', { selector: byUser, covers: all }],
  ['user with many tokens', { selector: byUser, covers: all, many: true }],
  ['user who is disabled, and enabled again', { selector: byUser, covers: all, disables: true }],
  ['client', { selector: () => ({ clientId: cast.web.id }), covers: byClient, leavesSessions: true }],
  [
    'user and client',
    {
      selector: () => ({ userId: person.id, clientId: cast.web.id }),
      covers: byClient,
      leavesSessions: true,
    },
  ],
  [
    'session',
    {
      selector: ({ sessionUid }) => ({ sessionUid }),
      // The copied code has a grant that the session does not know, and the other sign-in is not of this session.
      covers: (lane) => all(lane) && !/code exchange|sign-in being resumed/.test(lane),
    },
  ],
  ['grant', { selector: ({ web }) => ({ grantId: web.grantId }), covers: byGrant }],
  ['everything', { selector: () => ({ everything: true }), covers: all }],
  [
    'everything there is, with many tokens',
    { selector: () => ({ everything: true }), covers: all, many: true },
  ],
]

const now = () => performance.now()

/** One end of access in the middle of everything; returns what was alive that must not be, and how much of a race it was. */
async function round(end: End): Promise<{ alive: string[]; inFlight: number }> {
  const { server } = cast
  const access = await copy()
  if (end.many) await addTokens(server, access.web.grantId, 1100)
  await sleep(3)
  const tries: Try[] = []
  const over = new AbortController()
  const chosen = some([...lanesOf(cast, access), ownTokenLane(cast)], 5)
  const playing = chosen.map((lane) => play(lane, instance(), tries, over.signal))
  await sleep(random() * 12)
  const startedAt = now()
  await server.database.transaction(async (tx) => {
    if (end.disables) await setDisabled(tx, person.id, true)
    await revoke(tx, end.selector(access), { reason: 'race', ...end.options?.(access) })
  })
  const endedAt = now()
  if (end.disables) await server.database.transaction((tx) => setDisabled(tx, person.id, false))
  await sleep(8)
  over.abort()
  await Promise.all(playing)
  const covered = tries.filter(({ lane, products }) => products !== null && end.covers(lane))
  const late = covered.filter(({ began }) => began > endedAt)
  const alive = late.map(({ lane }) => `${lane}: succeeded when begun after the end`)
  for (const product of distinct(covered.flatMap(({ products }) => products ?? [])))
    if (!(product.kind === 'session' && end.leavesSessions) && (await isAlive(instance(), cast, product)))
      alive.push(`${product.kind}: alive after the end`)
  if (end.many) while (await continueRevocations(server.database));
  return {
    alive,
    inFlight: covered.filter(({ began, ended }) => began < endedAt && ended > startedAt).length,
  }
}

function instance(): Instance {
  const { instances } = cast.server
  return instances[Math.floor(random() * instances.length)] ?? (instances[0] as Instance)
}

function some(lanes: Lane[], count: number): Lane[] {
  return lanes
    .map((lane) => ({ lane, order: random() }))
    .sort((one, other) => one.order - other.order)
    .slice(0, count)
    .map(({ lane }) => lane)
}

test.each(ends)(
  '%s: after the end nothing begun later succeeds, and nothing that was in flight is alive (AD-06, FT-11, RV-04, SE-08)',
  async (_, end) => {
    let inFlight = 0
    const alive: string[] = []
    for (let nth = 0; nth < ROUNDS / ends.length; nth += 1) {
      const result = await round(end)
      inFlight += result.inFlight
      alive.push(...result.alive.map((what) => `round ${nth}, ${what}`))
    }
    expect({ seed, alive }).toEqual({ seed, alive: [] })
    // Otherwise the rounds were no race.
    expect(inFlight).toBeGreaterThan(ROUNDS / ends.length / 4)
  },
  300_000,
)
