import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { atAccount, send } from '../support/account.ts'
import { addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  // An issuer that is an address has no passkeys (WebAuthn §5.1.3): those of its users are from before.
  const env = { CARDEA_ISSUER: 'http://127.0.0.1:9', CARDEA_TOTP_POLICY: 'optional' }
  server = await startTestServer({ env })
})
afterAll(() => server.stop())

const addPasskey = ({ id: userId }: Person) =>
  server.database.prisma.passkey.create({
    data: {
      ...{ id: randomBytes(16), userId, publicKey: randomBytes(77), transports: ['internal'] },
      ...{ deviceType: 'multi_device', backedUp: true },
    },
  })

test('somebody whose only second factor is a passkey that works nowhere any more gets at changes that matter by the password, and is rid of it (MF-07)', async () => {
  const person = await addPerson(server, { totp: false })
  const { id } = await addPasskey(person)
  const { agent } = await atAccount(server, person, '/account/change-password')
  const path = `/account/security/passkeys/${Buffer.from(id).toString('base64url')}`
  expect((await send(agent, await agent.get(path), /remove$/)).location).toBe('/account/security')
  expect(await server.database.prisma.passkey.count({ where: { userId: person.id } })).toBe(0)
})
