import { ADMIN_API } from '../../src/clients/index.ts'
import { connectDatabase } from '../../src/db/index.ts'
import { createPasswordHasher } from '../../src/users/index.ts'
import { addClient, addPerson, publicClient } from '../../test/support/people.ts'
import type { Person } from '../../test/support/people.ts'
import type { TestServer } from '../../test/support/server.ts'
import type { Stage } from '../stage.ts'

export type App = Awaited<ReturnType<typeof addClient>> & { name: string; rotates: boolean }
export type Cast = { people: Person[]; web: App; spa: App; operator: Awaited<ReturnType<typeof addClient>> }

export const OPERATOR_SCOPE = 'users:disable revocations:write webhooks:write audit:read admin:grant'
export { ADMIN_API }

/** Everybody who takes part: people without a second factor, a client that keeps a secret, one that cannot, and an operator's tool. */
export async function prepareCast({ database, receiver }: Stage, people: number): Promise<Cast> {
  const timeouts = { connectTimeoutMs: 5000, statementTimeoutMs: 5000, lockTimeoutMs: 5000 }
  const own = connectDatabase({
    ...{ url: database.url(), poolMax: 2, idleInTransactionTimeoutMs: 5000 },
    ...timeouts,
  })
  const hasher = createPasswordHasher({ memoryKiB: 19_456, passes: 2, parallelism: 1, concurrency: 1 })
  const into = { database: own, hasher } as unknown as TestServer
  const app = async (name: string, metadata: object): Promise<App> => {
    const backchannel = { backchannel_logout_uri: receiver.addressOf(name) }
    const client = await addClient(into, { firstParty: true, metadata: { ...backchannel, ...metadata } })
    return { ...client, name, rotates: metadata === publicClient }
  }
  try {
    const everybody: Person[] = []
    for (let nth = 0; nth < people; nth += 1) everybody.push(await addPerson(into, { totp: false }))
    const operator = await addClient(into, {
      metadata: {
        redirect_uris: [],
        post_logout_redirect_uris: [],
        grant_types: ['client_credentials'],
        scope: OPERATOR_SCOPE,
      },
    })
    return { people: everybody, web: await app('web', {}), spa: await app('spa', publicClient), operator }
  } finally {
    await own.close()
  }
}
