import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { wordsFor } from '../../../src/clients/index.ts'
import { startAdmin } from '../../support/admin.ts'
import type { AdminStage } from '../../support/admin.ts'

let stage: AdminStage
let token: string
beforeAll(async () => {
  stage = await startAdmin()
  token = stage.token()
})
afterAll(() => stage.stop())

const put = (place: string, title: string, description = `${title}.`) =>
  stage.ask(`/v1/scope-words/${place}`, { method: 'PUT', token, json: { title, description } })
const events = (type: string) =>
  stage.database.prisma.auditEvent.findMany({ where: { type }, orderBy: { id: 'asc' } })

test('scopes and claims are worded per language, read back, replaced and taken back, each of it recorded (AZ-21, AD-13)', async () => {
  expect((await put('scope/email/default', 'Work address')).status).toBe(200)
  expect((await put('scope/email/de', 'Dienstadresse')).status).toBe(200)
  expect((await put('scope/email/de', 'Firmenadresse')).json()).toEqual({
    ...{ kind: 'scope', name: 'email', language: 'de' },
    ...{ title: 'Firmenadresse', description: 'Firmenadresse.' },
  })
  const listed = await stage.ask('/v1/scope-words', { token })
  const { items } = listed.json<{ items: { language: string; title: string }[] }>()
  expect(items.map(({ language, title }) => [language, title])).toEqual([
    ['de', 'Firmenadresse'],
    ['default', 'Work address'],
  ])
  const { prisma } = stage.database
  const title = async (language: 'de' | 'fr') => (await wordsFor(prisma, language)).scope('email').title
  expect([await title('de'), await title('fr')]).toEqual(['Firmenadresse', 'Work address'])
  for (const language of ['de', 'default'])
    await stage.ask(`/v1/scope-words/scope/email/${language}`, { method: 'DELETE', token })
  expect(await title('de')).toBe('Ihre E-Mail-Adresse')
  expect((await wordsFor(prisma, 'de')).scope('something:else').title).toBe('something:else')
  const recorded = [...(await events('scope_words.updated')), ...(await events('scope_words.deleted'))]
  expect(recorded.map(({ type, actorVia }) => [type, actorVia])).toEqual([
    ...Array.from({ length: 3 }, () => ['scope_words.updated', 'admin_api']),
    ...Array.from({ length: 2 }, () => ['scope_words.deleted', 'admin_api']),
  ])
})

test.each([
  ['nothing', ''],
  ['too much', 'x'.repeat(101)],
  ['control characters', 'two\nlines'],
  ['a bell', 'a\u0007b'],
])('words that people cannot be shown are refused: %s', async (_, title) => {
  expect((await put('scope/email/de', title, 'Said.')).status).toBe(422)
})

test('scopes of APIs are described in our languages and in no others', async () => {
  const create = (descriptions: object) =>
    stage.ask('/v1/resource-servers', {
      token,
      json: {
        ...{ identifier: 'https://worded.example/', name: 'Worded' },
        scopes: [{ name: 'a:b', description: 'Anything', descriptions }],
      },
    })
  for (const wrong of [{ tlh: 'vay' }, { de: '' }, { de: 'x'.repeat(201) }, { de: 7 }])
    expect((await create(wrong)).status).toBe(422)
  const created = await create({ de: 'Irgendetwas', ja: '何でも' })
  expect(created.json()).toMatchObject({
    scopes: [{ description: 'Anything', descriptions: { de: 'Irgendetwas', ja: '何でも' }, optional: false }],
  })
})

test('a client says where its logo is and whether it is verified; what becomes of the logo is told', async () => {
  const json = {
    ...{ client_id: 'photos', client_name: 'Photos', redirect_uris: ['https://photos.example/cb'] },
    ...{ verified: true, logo_uri: 'https://photos.example/logo.png' },
  }
  const created = await stage.ask('/v1/clients', { token, json })
  expect(created.json()).toMatchObject({ verified: true, logo_uri: json.logo_uri })
  const logo = async () => (await stage.ask('/v1/clients/photos/logo', { token })).json()
  expect(await logo()).toMatchObject({ state: 'waiting', source_uri: json.logo_uri, address: null })
  const etag = created.headers.etag ?? ''
  const renamed = await stage.ask('/v1/clients/photos', {
    ...{ method: 'PATCH', token, json: { client_name: 'Your bank' }, headers: { 'if-match': etag } },
  })
  expect(renamed.json()).toMatchObject({ client_name: 'Your bank', verified: false })
  await stage.database.prisma.clientLogo.updateMany({ data: { error: 'svg', attempts: 1 } })
  expect(await logo()).toMatchObject({ state: 'refused', error: 'svg' })
})
