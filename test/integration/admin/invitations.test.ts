import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { newestMail } from '../../support/mail.ts'
import { startAdmin } from '../../support/admin.ts'
import type { AdminStage } from '../../support/admin.ts'
import { addPerson } from '../../support/people.ts'
import { choosePassword } from '../../support/mail-forms.ts'
import { createUser, issuePasswordTicket, mailPasswordLink } from '../../../src/users/index.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import { createUserAgent } from '../../support/user-agent.ts'

const password = 'seven quiet otters knitting'

describe('where mail goes out', () => {
  let stage: AdminStage
  let token: string
  beforeAll(async () => {
    stage = await startAdmin({ hasMail: true })
    token = stage.token()
  })
  afterAll(() => stage.stop())
  const post = (id: string, name: string, json?: unknown) =>
    stage.ask(`/v1/users/${id}/${name}`, { method: 'POST', token, ...(json === undefined ? {} : { json }) })

  test.each([
    ['invite', 'invite'],
    ['password-reset', 'reset-by-operator'],
  ])('%s mails the link and does not show it', async (name, template) => {
    const { id, email } = await stage.addUser()
    const answer = await post(id, name)
    expect(answer.status).toBe(201)
    expect(answer.json()).toMatchObject({ mailed_to: email, link: null })
    const mails = await stage.database.prisma.mail.findMany({ where: { recipient: email } })
    expect(mails.map((mail) => mail.template)).toEqual([template])
    const events = await stage.database.prisma.auditEvent.findMany({ where: { userId: id } })
    expect(events.map(({ detail }) => detail)).toContainEqual(expect.objectContaining({ by_mail: true }))
  })

  test('the link is shown instead when it is asked for, and ends the mailed one', async () => {
    const { id } = await stage.addUser()
    await post(id, 'invite')
    const answer = await post(id, 'invite', { deliver: 'link' })
    expect(answer.json()).toMatchObject({
      mailed_to: null,
      link: expect.stringContaining('/account/password?ticket='),
    })
    expect(await stage.database.prisma.mailTicket.count({ where: { userId: id } })).toBe(0)
    await post(id, 'invite')
    expect(await stage.database.prisma.passwordTicket.count({ where: { userId: id } })).toBe(0)
  })

  test('a mailbox that got too many is left in peace, and the operator is told', async () => {
    const { id } = await stage.addUser()
    const answers = []
    for (let nth = 0; nth < 11; nth += 1) answers.push((await post(id, 'invite')).status)
    expect(answers).toEqual([...Array.from({ length: 10 }, () => 201), 409])
    expect((await post(id, 'invite')).json()['type']).toBe('urn:cardea:problem:mailbox_full')
  })
})

test('where no mail goes out the link is shown, and asking for a mail is 409', async () => {
  const stage = await startAdmin()
  try {
    const { id } = await stage.addUser()
    const path = `/v1/users/${id}/invite`
    const token = stage.token()
    expect((await stage.ask(path, { method: 'POST', token })).json()).toMatchObject({ mailed_to: null })
    const mail = await stage.ask(path, { method: 'POST', token, json: { deliver: 'mail' } })
    expect(mail.json()).toMatchObject({ status: 409, type: 'urn:cardea:problem:no_mail' })
  } finally {
    await stage.stop()
  }
})

test('while no new accounts are made nobody is invited', async () => {
  const stage = await startAdmin({ acceptsNewcomers: false, hasMail: true })
  try {
    const { id } = await stage.addUser()
    const answer = await stage.ask(`/v1/users/${id}/invite`, { method: 'POST', token: stage.token() })
    expect(answer.json()).toMatchObject({ status: 409, type: 'urn:cardea:problem:registration_closed' })
  } finally {
    await stage.stop()
  }
})

describe('a mailed link', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer()
  })
  afterAll(() => server.stop())
  const keys = [Buffer.alloc(32, 3)]

  test('of an invitation sets the first password, proves the address and is good once', async () => {
    const created = await createUser(server.database.prisma, { email: 'ida@example.com' })
    if (!created.ok) throw new Error(created.reason)
    const { user } = created
    await server.database.transaction((tx) =>
      mailPasswordLink({ tx, sealer: server.sealer, keys }, { user, purpose: 'invite' }),
    )
    const { ticket, hours } = await newestMail(server, user.email, 'invite')
    expect(hours).toBe(72)
    const link = `/account/password?ticket=${ticket}`
    expect((await server.ask(link)).text).toContain('Choose your password')
    expect((await choosePassword(createUserAgent(server), link, password)).status).toBe(303)
    const row = await server.database.prisma.user.findUniqueOrThrow({ where: { id: user.id } })
    expect(row).toMatchObject({ emailVerified: true, passwordHash: expect.stringMatching(/^\$argon2id/) })
    expect((await server.ask(link)).status).toBe(410)
  })

  test('that an operator handed over proves no address', async () => {
    const person = await addPerson(server)
    await server.database.prisma.user.update({ where: { id: person.id }, data: { emailVerified: false } })
    const issued = await server.database.transaction((tx) =>
      issuePasswordTicket(tx, { userId: person.id, purpose: 'reset' }),
    )
    await choosePassword(
      createUserAgent(server),
      `/account/password?ticket=${issued?.ticket ?? ''}`,
      password,
    )
    const row = await server.database.prisma.user.findUniqueOrThrow({ where: { id: person.id } })
    expect(row.emailVerified).toBe(false)
  })
})
