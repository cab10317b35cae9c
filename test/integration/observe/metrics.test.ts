import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { revoke } from '../../../src/oidc/index.ts'
import { send } from '../../support/http-client.ts'
import { addClient, addPerson } from '../../support/people.ts'
import type { Person } from '../../support/people.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import { redeem, signIn } from '../../support/sign-in.ts'
import { read } from '../../unit/deploy/files.ts'

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
let person: Person
beforeAll(async () => {
  server = await startTestServer()
  client = await addClient(server)
  person = await addPerson(server)
})
afterAll(() => server.stop())

async function scrape(): Promise<string> {
  const port = server.instances[0]?.opsPort ?? 0
  const { status, text } = await send({ port, host: `127.0.0.1:${port}` }, '/metrics')
  expect(status).toBe(200)
  return text
}

/** Every metric of the scrape, with the series that a histogram has. */
async function living(): Promise<Set<string>> {
  const types = [...(await scrape()).matchAll(/^# TYPE (\w+) (\w+)$/gm)]
  return new Set(
    types.flatMap(([, name = '', type]) =>
      type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name],
    ),
  )
}

const valueOf = (text: string, series: string) =>
  Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.split(' ')[1] ?? 0,
  )

/** The metrics that a query names: words that are neither functions, keywords, labels, texts nor variables. */
function metricsIn(query: string): string[] {
  const bare = query
    .replaceAll(/"[^"]*"/g, '')
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\[[^\]]*\]/g, '')
    .replaceAll(/\b(?:by|without|on|ignoring)\s*\([^)]*\)/g, '')
  return [...bare.matchAll(/\b[a-z]\w*\b(?!\s*\()/g)]
    .map(([word]) => word)
    .filter((word) => !['and', 'or', 'unless', 'by', 'bool'].includes(word))
}

type Dashboard = { panels: { title: string; type: string; targets?: { expr: string }[] }[] }
type Alerts = {
  groups: { rules: { alert: string; expr: string; annotations: { summary: string } }[] }[]
}

describe('what operators are given to look with', () => {
  test('the dashboard asks only for metrics that there are', async () => {
    const { panels } = JSON.parse(read('docs/dashboards/cardea.json')) as Dashboard
    const asked = panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => metricsIn(expr)))
    expect(asked.length).toBeGreaterThan(30)
    const there = await living()
    expect(asked.filter((name) => !there.has(name))).toEqual([])
    for (const { type, targets } of panels) expect(type === 'row' || (targets?.length ?? 0) > 0).toBe(true)
  })

  test('the alert rules ask only for metrics that there are, and each says what is the matter', async () => {
    const { groups } = parse(read('docs/alerts.yml')) as Alerts
    const rules = groups.flatMap((group) => group.rules)
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
    const there = await living()
    for (const { expr, annotations } of rules) {
      const asked = metricsIn(expr)
      expect(asked.length).toBeGreaterThan(0)
      expect(asked.filter((name) => !there.has(name))).toEqual([])
      expect(annotations.summary).toMatch(/\w+/)
    }
  })

  test('the page about it names only metrics that there are', async () => {
    const there = [...(await living())]
    const named = [...read('docs/observe.md').matchAll(/`([a-z]+(?:_[a-z]+)+)(?:\{[^}`]*\})?`/g)].map(
      ([, name = '']) => name,
    )
    const families = /_(total|seconds|bytes|rows|pool|hashing|blocks|stuffing|days|overdue)$/
    const metrics = named.filter((name) => families.test(name))
    expect(metrics.length).toBeGreaterThan(10)
    expect(metrics.filter((name) => !there.includes(name))).toEqual([])
  })

  test('every metric of ours is in the table of docs/operate.md', async () => {
    const page = read('docs/operate.md')
    const own = [...(await scrape()).matchAll(/^# TYPE (\w+) /gm)]
      .map(([, name = '']) => name)
      .filter((name) => !/^(process|nodejs)_/.test(name))
    expect(own.length).toBeGreaterThan(30)
    expect(own.filter((name) => !page.includes(`| \`${name}\` `))).toEqual([])
  })
})

describe('metrics', () => {
  test('tell sign-ins by outcome and factor, and tokens by grant', async () => {
    const before = await scrape()
    const grown = (text: string, series: string) => valueOf(text, series) - valueOf(before, series)
    const signedIn = await signIn(server, client, person)
    expect((await redeem(server, client, signedIn)).status).toBe(200)
    const after = await scrape()
    for (const series of [
      'sign_ins_total{outcome="ok",factor="password"}',
      'sign_ins_total{outcome="ok",factor="totp"}',
      'sign_ins_total{outcome="completed",factor="totp"}',
      'tokens_issued_total{grant_type="authorization_code"}',
    ])
      expect([series, grown(after, series)]).toEqual([series, 1])
  })

  test('count a revocation once it is committed, by words from bounded sets', async () => {
    const { database } = server
    const undone = database.transaction(async (tx) => {
      await revoke(tx, { userId: person.id }, { reason: 'user_disabled' })
      throw new RangeError('undone')
    })
    await expect(undone).rejects.toThrow('undone')
    expect(await scrape()).not.toContain('revocations_total{')
    await database.transaction((tx) => revoke(tx, { userId: person.id }, { reason: 'user_disabled' }))
    await database.transaction((tx) =>
      revoke(tx, { userId: person.id, clientId: client.id }, { reason: 'the laptop of pat was stolen' }),
    )
    const text = await scrape()
    expect(valueOf(text, 'revocations_total{selector="user",reason="disabled"}')).toBe(1)
    expect(valueOf(text, 'revocations_total{selector="user_at_client",reason="operator"}')).toBe(1)
    expect(text).not.toContain('laptop')
  })

  test('tell how busy the hashing of passwords is, and how often it said no', async () => {
    const { hasher } = server
    let leave: () => void = () => undefined
    const left = new Promise<void>((resolve) => (leave = resolve))
    const there: Promise<unknown>[] = []
    while (!hasher.isFull()) there.push(hasher.admit(() => left))
    await expect(hasher.admit(() => left)).rejects.toThrow('Too many passwords')
    const text = await scrape()
    expect(valueOf(text, 'password_hashing{state="waiting"}')).toBe(32)
    expect(valueOf(text, 'password_hashing_refused_total')).toBe(1)
    leave()
    await Promise.all(there)
    expect(valueOf(await scrape(), 'password_hashing{state="waiting"}')).toBe(0)
  })
})
